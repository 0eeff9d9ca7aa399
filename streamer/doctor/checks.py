"""Every known trouble is one pure function from facts to findings; `examine` asks them all."""

from collections.abc import Callable, Iterator
from typing import Final

from streamer.doctor.facts import CPU, NEEDED, OPENCV_WHEELS, VOICE_ACTIVITY, Facts, Finding
from streamer.pinned_models import WHISPER, known_models

CUDA: Final = "CUDAExecutionProvider"
GPU_INSTALL: Final = "pip install '.[gpu]' && pip install --no-deps --force-reinstall onnxruntime-gpu"
"""In a checkout, as all that names a `.`: this package is on no index."""
SHIPPED_AGAIN: Final = "git restore streamer/bundles && pip install --force-reinstall --no-deps ."

Check = Callable[[Facts], Iterator[Finding]]


def python(facts: Facts) -> Iterator[Finding]:
    """An earlier one than 3.11 cannot come as far as here."""
    yield Finding("ok", "python", ".".join(map(str, facts.python)))


def imports(facts: Facts) -> Iterator[Finding]:
    """What the daemon cannot do without."""
    for module, why in facts.broken_imports.items():
        yield Finding("fail", module, f"cannot be imported: {why}", _reinstall(module, facts))


def _reinstall(module: str, facts: Facts) -> str:
    gpu = facts.versions.get("onnxruntime-gpu")
    if module == "onnxruntime" and gpu:
        return f"pip install --no-deps --force-reinstall onnxruntime-gpu=={gpu}"
    return f"pip install --force-reinstall '{NEEDED[module]}'"


def opencv(facts: Facts) -> Iterator[Finding]:
    """Wheels of OpenCV overwrite each other; version 5 has no Haar cascades, the embedded face detector."""
    wheels = {name: facts.versions[name] for name in OPENCV_WHEELS if name in facts.versions}
    told = ", ".join(f"{name} {version}" for name, version in wheels.items()) or "not installed"
    mend = _reinstall("cv2", facts)
    if len(wheels) > 1:
        mend = f"pip uninstall -y {' '.join(wheels)} && {mend}"
        why = f"{told}; they overwrite each other, keep opencv-python-headless alone"
        yield Finding("warn" if facts.haar else "fail", "opencv", why, mend)
    elif any(version.startswith("5.") for version in wheels.values()) or not facts.haar:
        yield Finding("fail", "opencv", f"{told}; it has no Haar cascades, the embedded face detector", mend)
    elif "opencv-python" in wheels or "opencv-contrib-python" in wheels:
        yield Finding("warn", "opencv", f"{told}; this wheel needs libGL, the headless one does not", mend)
    else:
        yield Finding("ok", "opencv", told)


def onnxruntime(facts: Facts) -> Iterator[Finding]:
    """The CPU wheel and the GPU wheel share a folder: whichever was installed last is imported."""
    cpu, gpu = facts.versions.get("onnxruntime"), facts.versions.get("onnxruntime-gpu")
    if gpu and CUDA not in facts.built_in_providers:
        yield Finding(
            "fail" if facts.gpus else "warn",
            "onnxruntime",
            f"onnxruntime {cpu or '?'} has overwritten onnxruntime-gpu {gpu}: they share a folder, and no GPU is used",
            _reinstall("onnxruntime", facts),
        )
    elif facts.gpus and not gpu:
        yield Finding("warn", "onnxruntime", f"{cpu}; there is a GPU, and this is the CPU's build", GPU_INSTALL)
    else:
        yield Finding("ok", "onnxruntime", (f"{gpu} (gpu)" if gpu else str(cpu)) + "; its telemetry is off")


def sessions(facts: Facts) -> Iterator[Finding]:
    """The execution provider that each network really got, which is not what is built in."""
    for session in facts.sessions:
        about = f"network {session.name}"
        if session.provider is None:
            yield Finding("fail", about, session.error or "cannot be opened", _open_again(session.name, facts))
        elif facts.gpus and session.provider == CPU and session.name != VOICE_ACTIVITY and _gpu_build(facts):
            if session.error:
                said = f"runs on {CPU}: {session.error}; is the NVIDIA driver new enough, and the GPU not hidden (CUDA_VISIBLE_DEVICES)?"
                yield Finding("warn", about, said)
            else:
                said = f"runs on {CPU} although this onnxruntime is built for the GPU: its CUDA or cuDNN libraries are not found"
                yield Finding("warn", about, said, "pip install --force-reinstall 'onnxruntime-gpu[cuda,cudnn]'")
        else:
            yield Finding("ok", about, session.provider)


def _open_again(network: str, facts: Facts) -> str | None:
    if network == VOICE_ACTIVITY:
        return _reinstall("faster_whisper", facts)
    return SHIPPED_AGAIN if facts.own_bundle is None else None  # nobody but its owner has it


def _gpu_build(facts: Facts) -> bool:
    return CUDA in facts.built_in_providers


def speech_recognition(facts: Facts) -> Iterator[Finding]:
    """Whisper is better than the embedded recogniser, and on a GPU it needs CUDA 12's cuBLAS whatever ONNX Runtime brings."""
    about = "speech recognition"
    here = [model.name for model in known_models() if model.purpose == WHISPER and facts.models.get(model.name)]
    unused = f" ({', '.join(here)}: not for this processor, or not for this language)" if here else ""
    if facts.asr_error is not None:
        yield Finding("fail", about, facts.asr_error)
    elif facts.asr_engine == "none":
        yield Finding("ok", about, "off, by the settings")
    elif facts.whisper is not None and facts.asr_engine != "pocketsphinx":
        yield Finding("ok", about, f"faster-whisper: {facts.whisper}")
    elif "pocketsphinx" in facts.versions and facts.asr_engine != "faster-whisper":
        said = f"only the embedded pocketsphinx: English, and many words wrong; Whisper is far better{unused}"
        yield Finding("warn", about, said, f"streamer models pull {facts.whisper_to_pull}")
    else:
        yield Finding(
            "warn", about, f"none: text stays masked{unused}", f"streamer models pull {facts.whisper_to_pull}"
        )
    if facts.gpus and not facts.cublas_12:
        said = "CTranslate2 looks for libcublas.so.12 (CUDA 12) and does not find it: Whisper runs on the CPU"
        yield Finding("warn", "speech on the GPU", said, "pip install nvidia-cublas-cu12")


def face_detection(facts: Facts) -> Iterator[Finding]:
    """YuNet finds more faces than Haar's cascades."""
    if facts.models.get("yunet"):
        yield Finding("ok", "face detection", f"YuNet ({facts.models['yunet']})")
    else:
        said = "the embedded Haar cascades; YuNet finds more, and turned, faces"
        yield Finding("warn", "face detection", said, "streamer models pull yunet")


def settings(facts: Facts) -> Iterator[Finding]:
    """With which `streamer run` would start in this folder; the message says the mend."""
    if facts.settings_error is None:
        yield Finding("ok", "settings", facts.settings)
    else:
        yield Finding("fail", "settings", facts.settings_error)


def bundle(facts: Facts) -> Iterator[Finding]:
    """Whether it can be read is told by its networks."""
    if all(session.provider for session in facts.sessions):
        own = "" if facts.own_bundle is None else f", from {facts.own_bundle}"
        yield Finding("ok", "bundle", facts.bundle + own)


def microphone(facts: Facts) -> Iterator[Finding]:
    """Files and streams need none."""
    if facts.portaudio_error:
        said, _, mend = facts.portaudio_error.partition("; mend: ")
        yield Finding("warn", "microphone", said, mend or None)
    elif not facts.microphones:
        yield Finding("warn", "microphone", "none; files and streams still work")
    else:
        yield Finding("ok", "microphone", ", ".join(facts.microphones))


def camera(facts: Facts) -> Iterator[Finding]:
    """Files and streams need none."""
    if facts.cameras:
        yield Finding("ok", "camera", ", ".join(facts.cameras))
    else:
        yield Finding("warn", "camera", "none; files and streams still work")


def gpu(facts: Facts) -> Iterator[Finding]:
    """Nothing needs one, unless the settings do."""
    named = ", ".join(facts.gpus) or "none; everything runs on the CPU"
    slow = [session.name for session in facts.sessions if session.provider == CPU and session.name != VOICE_ACTIVITY]
    if slow and facts.gpu_required:
        said = f"{named}; inference.require_gpu is set, and {', '.join(slow)} would run on the CPU: nothing starts"
        yield Finding("fail", "gpu", said)
    elif slow and facts.gpu_asked:
        yield Finding("warn", "gpu", f"{named}; inference.provider names one, and {', '.join(slow)} run on the CPU")
    else:
        yield Finding("ok", "gpu", named)


def store(facts: Facts) -> Iterator[Finding]:
    """Where models are fetched to."""
    if not facts.store_writable:
        said = f"{facts.store} cannot be written: no model can be fetched"
        yield Finding("warn", "model store", said, "export XDG_CACHE_HOME=/a/folder/of/yours")
    else:
        yield Finding("ok", "model store", str(facts.store))


CHECKS: Final[tuple[Check, ...]] = (
    python,
    imports,
    opencv,
    onnxruntime,
    gpu,
    settings,
    bundle,
    sessions,
    speech_recognition,
    face_detection,
    microphone,
    camera,
    store,
)


def examine(facts: Facts) -> list[Finding]:
    """Every check's findings, in a fixed order."""
    return [finding for check in CHECKS for finding in check(facts)]
