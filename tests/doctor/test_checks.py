"""Each known trouble, from facts alone."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamer.doctor import Facts, Finding, SessionFact, examine
from streamer.doctor.facts import NEEDED

GPU = ("NVIDIA H100",)
HEALTHY = Facts(
    versions={"onnxruntime": "1.31.1", "opencv-python-headless": "4.14.0.94", "pocketsphinx": "5.1.1"},
    sessions=(SessionFact("text", "CPUExecutionProvider"), SessionFact("voice activity", "CPUExecutionProvider")),
    whisper="small",
    models={"yunet": Path("yunet.onnx"), "small": Path("small")},
)


def found(facts: Facts, about: str) -> Finding:
    (finding,) = [finding for finding in examine(facts) if finding.about == about]
    return finding


def versions(**changes: str | None) -> Facts:
    changed = HEALTHY.versions | {name.replace("_", "-"): version for name, version in changes.items()}
    return replace(HEALTHY, versions={name: version for name, version in changed.items() if version is not None})


def test_a_healthy_machine_without_a_gpu_has_nothing_but_ok() -> None:
    assert {finding.status for finding in examine(HEALTHY)} == {"ok"}


def test_whatever_is_not_ok_and_has_a_command_names_it() -> None:
    sick = Facts(
        broken_imports={"av": "no module"},
        sessions=(SessionFact("text", None, "broken"),),
        haar=False,
        portaudio_error="PortAudio is missing; mend: sudo apt install libportaudio2",
        gpus=GPU,
        store_writable=False,
    )
    assert all(finding.mend for finding in examine(sick) if finding.status != "ok")


def test_a_module_that_cannot_be_imported_fails_with_its_reason() -> None:
    finding = found(replace(HEALTHY, broken_imports={"zmq": "libzmq.so.5: not found"}), "zmq")
    assert finding == Finding(
        "fail",
        "zmq",
        "cannot be imported: libzmq.so.5: not found",
        "pip install --force-reinstall 'pyzmq>=27'",
    )


def test_what_mends_a_module_is_what_the_package_itself_depends_on() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(NEEDED.values()) <= set(pyproject["project"]["dependencies"])


def test_no_mend_asks_an_index_for_this_package_where_a_stranger_may_have_taken_its_name() -> None:
    broken = tuple(SessionFact(name, None, "broken") for name in ("bundle", "voice activity"))
    sick = replace(HEALTHY, broken_imports=dict.fromkeys(NEEDED, "broken"), sessions=broken, gpus=GPU, haar=False)
    mends = [finding.mend or "" for finding in examine(sick)]
    assert "git restore streamer/bundles && pip install --force-reinstall --no-deps ." in mends
    assert not any("affect-streamer" in mend for mend in mends)


def test_a_gpu_onnxruntime_that_cannot_be_imported_is_not_mended_with_the_cpu_one() -> None:
    facts = replace(versions(onnxruntime_gpu="1.30.0"), broken_imports={"onnxruntime": "broken"}, haar=True)
    mend = next(finding.mend for finding in examine(facts) if finding.status == "fail")
    assert mend == "pip install --no-deps --force-reinstall onnxruntime-gpu==1.30.0"


def test_two_opencv_wheels_are_a_warning_and_both_are_named() -> None:
    finding = found(versions(opencv_python="4.13.0"), "opencv")
    assert finding.status == "warn"
    assert "opencv-python 4.13.0, opencv-python-headless 4.14.0.94" in finding.said
    assert finding.mend is not None
    assert finding.mend.startswith("pip uninstall -y opencv-python opencv-python-headless && pip install")


def test_two_opencv_wheels_fail_where_the_cascades_are_gone() -> None:
    assert found(replace(versions(opencv_python="5.0.0"), haar=False), "opencv").status == "fail"


def test_opencv_five_fails_for_want_of_haar_cascades() -> None:
    finding = found(replace(versions(opencv_python_headless="5.0.0.1"), haar=False), "opencv")
    assert (finding.status, finding.mend) == (
        "fail",
        "pip install --force-reinstall 'opencv-python-headless>=4.13,<5'",
    )


def test_the_opencv_wheel_that_needs_libgl_is_a_warning() -> None:
    assert found(versions(opencv_python="4.14.0", opencv_python_headless=None), "opencv").status == "warn"


@pytest.mark.parametrize(("gpus", "status"), [((), "warn"), (GPU, "fail")])
def test_a_gpu_onnxruntime_that_the_cpu_one_has_overwritten_is_found(gpus: tuple[str, ...], status: str) -> None:
    facts = replace(versions(onnxruntime_gpu="1.30.0"), gpus=gpus, cublas_12=True)
    finding = found(facts, "onnxruntime")
    assert finding.status == status
    assert finding.mend == "pip install --no-deps --force-reinstall onnxruntime-gpu==1.30.0"


def test_a_gpu_that_the_cpu_onnxruntime_cannot_use_is_a_warning() -> None:
    finding = found(replace(HEALTHY, gpus=GPU, cublas_12=True), "onnxruntime")
    assert finding.status == "warn"
    assert "pip install '.[gpu]'" in (finding.mend or "")


def gpu_machine(provider: str) -> Facts:
    return replace(
        versions(onnxruntime_gpu="1.31.1"),
        gpus=GPU,
        cublas_12=True,
        built_in_providers=("CUDAExecutionProvider", "CPUExecutionProvider"),
        sessions=(SessionFact("text", provider), SessionFact("voice activity", "CPUExecutionProvider")),
    )


def test_a_session_on_the_gpu_is_ok_and_the_voice_activity_belongs_on_the_cpu() -> None:
    assert {finding.status for finding in examine(gpu_machine("CUDAExecutionProvider"))} == {"ok"}


def test_a_session_that_fell_back_to_the_cpu_is_a_warning_whatever_is_built_in() -> None:
    finding = found(gpu_machine("CPUExecutionProvider"), "network text")
    assert finding.status == "warn"
    assert "CUDA" in finding.said


def test_a_network_that_cannot_be_opened_fails_with_its_reason() -> None:
    facts = replace(HEALTHY, sessions=(SessionFact("bundle", None, "text.onnx is missing"),))
    assert found(facts, "network bundle").said == "text.onnx is missing"
    assert found(facts, "network bundle").status == "fail"


def test_settings_with_which_nothing_would_start_fail() -> None:
    wrong = "segment.onsett: no such key (config.toml:2)"
    assert found(replace(HEALTHY, settings_error=wrong), "settings") == Finding("fail", "settings", wrong)


def test_a_broken_bundle_of_ones_own_is_not_mended_with_the_shipped_one() -> None:
    facts = replace(HEALTHY, own_bundle=Path("mine"), sessions=(SessionFact("bundle", None, "mine: broken"),))
    assert found(facts, "network bundle") == Finding("fail", "network bundle", "mine: broken")


def test_a_gpu_without_cuda_twelves_cublas_is_a_warning_for_whisper() -> None:
    finding = found(replace(gpu_machine("CUDAExecutionProvider"), cublas_12=False), "speech on the GPU")
    assert (finding.status, finding.mend) == ("warn", "pip install nvidia-cublas-cu12")


def test_missing_models_are_warnings_with_the_command_that_fetches_them() -> None:
    bare = replace(HEALTHY, whisper=None, models={"yunet": None, "small": None})
    assert found(bare, "speech recognition").mend == "streamer models pull tiny.en"
    assert found(bare, "face detection").mend == "streamer models pull yunet"
    assert "none" in found(replace(bare, versions={"onnxruntime": "1.31.1"}), "speech recognition").said


def test_a_whisper_that_is_here_and_not_used_is_no_comfort() -> None:
    unused = found(replace(HEALTHY, whisper=None), "speech recognition")
    assert (unused.status, unused.mend) == ("warn", "streamer models pull tiny.en")
    assert "small: not for this processor, or not for this language" in unused.said


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"asr_engine": "none"}, "ok", "off, by the settings"),
        ({"asr_engine": "pocketsphinx"}, "warn", "only the embedded pocketsphinx"),
        ({"asr_engine": "faster-whisper", "whisper": None}, "warn", "none: text stays masked"),
        ({"asr_error": "asr.model nosuch: is no folder"}, "fail", "asr.model nosuch: is no folder"),
    ],
)
def test_speech_recognition_is_told_as_the_settings_have_it(changes: dict[str, Any], status: str, said: str) -> None:
    finding = found(replace(HEALTHY, **changes), "speech recognition")
    assert finding.status == status
    assert finding.said.startswith(said)


def test_a_gpu_that_the_settings_want_and_that_is_not_used_is_told() -> None:
    required = found(replace(HEALTHY, gpu_required=True), "gpu")
    assert required.status == "fail"
    assert "inference.require_gpu is set, and text would run on the CPU: nothing starts" in required.said
    assert found(replace(HEALTHY, gpu_asked=True), "gpu").status == "warn"
    assert found(replace(gpu_machine("CUDAExecutionProvider"), gpu_asked=True, gpu_required=True), "gpu").status == "ok"


def test_a_driver_that_refuses_is_not_mended_by_pip() -> None:
    machine = gpu_machine("CPUExecutionProvider")
    old = replace(machine, sessions=(SessionFact("text", "CPUExecutionProvider", "CUDA failure 35: driver too old"),))
    finding = found(old, "network text")
    assert (finding.status, finding.mend) == ("warn", None)
    assert "CUDA failure 35" in finding.said


@pytest.mark.parametrize(
    ("error", "said", "mend"),
    [
        (
            "PortAudio is missing; mend: sudo apt install libportaudio2",
            "PortAudio is missing",
            "sudo apt install libportaudio2",
        ),
        ("PortAudio does not start (Host error)", "PortAudio does not start (Host error)", None),
    ],
)
def test_portaudio_that_gives_no_microphone_is_a_warning_with_its_mend_where_there_is_one(
    error: str, said: str, mend: str | None
) -> None:
    finding = found(replace(HEALTHY, portaudio_error=error, microphones=()), "microphone")
    assert (finding.status, finding.said, finding.mend) == ("warn", said, mend)


def test_no_devices_are_warnings_for_files_still_work() -> None:
    bare = replace(HEALTHY, microphones=(), cameras=())
    assert [found(bare, about).status for about in ("microphone", "camera")] == ["warn", "warn"]


def test_a_model_store_that_cannot_be_written_is_a_warning() -> None:
    finding = found(replace(HEALTHY, store=Path("/store"), store_writable=False), "model store")
    assert finding.status == "warn"
    assert "/store" in finding.said
