"""Look at this machine: the only part of the doctor that touches it. Nothing is asked of a network."""

import ctypes
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamer.doctor.facts import CPU, NEEDED, PACKAGES, VOICE_ACTIVITY, Facts, SessionFact

if TYPE_CHECKING:
    from streamer.asr import Device
    from streamer.settings import Settings

CUBLAS: Final = "libcublas.so.12"


def gather() -> Facts:
    """All facts of this machine. Takes a second or two: it opens every network."""
    broken = _broken_imports()
    microphones, portaudio_error = _microphones()
    store, writable = _store()
    origin, settings_error, settings = _settings()
    bundle, sessions = _bundle_sessions(settings)
    whisper, whisper_to_pull, asr_error = _whisper(settings, sessions)
    return Facts(
        python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        versions=_versions(),
        broken_imports=broken,
        built_in_providers=_built_in_providers(),
        settings=origin,
        settings_error=settings_error,
        sessions=(*sessions, _voice_session()),
        bundle=bundle,
        own_bundle=settings.inference.bundle if settings else None,
        gpu_asked=settings is not None and settings.inference.provider in {"cuda", "tensorrt"},
        gpu_required=settings is not None and settings.inference.require_gpu,
        gpus=_gpus(),
        cublas_12=_cublas_12(),
        haar=_haar(),
        portaudio_error=portaudio_error,
        microphones=microphones,
        cameras=_cameras(),
        asr_engine=settings.asr.engine if settings else "auto",
        whisper=whisper,
        whisper_to_pull=whisper_to_pull,
        asr_error=asr_error,
        models=_models(),
        store=store,
        store_writable=writable,
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # its absence here is what the check tells
            continue
    return found


def _broken_imports() -> dict[str, str]:
    broken = {}
    for module in NEEDED:
        try:
            importlib.import_module(module)
        except Exception as err:  # noqa: BLE001 - a damaged package may raise anything
            broken[module] = _first_line(err)
    return broken


def _built_in_providers() -> tuple[str, ...]:
    try:
        import onnxruntime

        return tuple(onnxruntime.get_available_providers())
    except (ImportError, AttributeError):
        return ()


def _settings() -> "tuple[str, str | None, Settings | None]":
    """With which `streamer run` would start here: where they come from, what is wrong with them, and they."""
    try:
        from streamer.configuration import DEFAULT_FILE, load

        settings = load().settings
        return str(DEFAULT_FILE) if DEFAULT_FILE.exists() else "the defaults", None, settings
    except Exception as err:  # noqa: BLE001 - wrong settings, or a damaged package, which may raise anything
        return "", _first_line(err), None


def _bundle_sessions(settings: "Settings | None") -> tuple[str, list[SessionFact]]:
    """As the settings have it, but that a GPU which is required need not be there to look."""
    try:
        from streamer.inference import open_model
        from streamer.settings import InferenceSettings

        inference = settings.inference if settings else InferenceSettings()
        model = open_model(inference.model_copy(update={"require_gpu": False}))
    except Exception as err:  # noqa: BLE001 - a damaged package may raise anything
        return "", [SessionFact("bundle", None, _first_line(err))]
    named = f"{model.field.name} {model.field.version} ({model.field.sha256[:12]})"
    return named, [SessionFact(graph, got, model.refused.get(graph)) for graph, got in model.providers.items()]


def _whisper(settings: "Settings | None", sessions: list[SessionFact]) -> tuple[str | None, str, str | None]:
    """The one that would be used, the one that would be best, and why the settings' choice cannot be used."""
    best = Facts().whisper_to_pull
    try:
        from streamer.asr.engines import model_to_fetch, whisper_here
        from streamer.settings import AsrSettings

        asr = settings.asr if settings else AsrSettings()
        device: Device = "cuda" if any(session.provider not in {CPU, None} for session in sessions) else "cpu"
        best = model_to_fetch(asr, device)
        found = whisper_here(asr, device)
    except Exception as err:  # noqa: BLE001 - as above
        return None, best, _first_line(err)
    return (found.name if found is not None else None), best, None


def _voice_session() -> SessionFact:
    try:
        from streamer.segment import open_voice_session

        return SessionFact(VOICE_ACTIVITY, open_voice_session().get_providers()[0])
    except Exception as err:  # noqa: BLE001 - as above
        return SessionFact(VOICE_ACTIVITY, None, _first_line(err))


def _gpus() -> tuple[str, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    query = [command, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def _cublas_12() -> bool:
    """In the wheel of NVIDIA, or where the loader looks."""
    package = importlib.util.find_spec("nvidia")
    folders = package.submodule_search_locations or () if package else ()
    if any((Path(folder) / "cublas" / "lib" / CUBLAS).exists() for folder in folders):
        return True
    try:
        ctypes.CDLL(CUBLAS)
    except OSError:
        return False
    return True


def _haar() -> bool:
    try:
        import cv2.data

        return hasattr(cv2, "CascadeClassifier") and any(Path(cv2.data.haarcascades).glob("*frontalface*.xml"))
    except (ImportError, AttributeError):
        return False


def _microphones() -> tuple[tuple[str, ...], str | None]:
    try:
        from streamer.sources.devices import list_microphones

        return tuple(microphone.name for microphone in list_microphones()), None
    except Exception as err:  # noqa: BLE001 - as above
        return (), _first_line(err)


def _cameras() -> tuple[str, ...]:
    from streamer.sources.devices import list_cameras

    return tuple(f"{camera.index} {camera.name}" for camera in list_cameras())


def _models() -> dict[str, Path | None]:
    from streamer.models_store import model_states

    return {state.model.name: state.path for state in model_states()}


def _store() -> tuple[Path, bool]:
    """The folder may not exist yet: then the nearest one above it counts."""
    from streamer.models_store import store_folder

    store = store_folder()
    try:
        nearest = next(folder for folder in (store, *store.parents) if folder.exists())
    except PermissionError:  # it lies in a folder that is closed to us
        return store, False
    return store, os.access(nearest, os.W_OK)


def _first_line(err: Exception) -> str:
    return (str(err).splitlines() or [type(err).__name__])[0]
