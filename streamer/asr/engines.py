"""Which engine recognises: the one that is named, or the best that is there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from streamer.asr.recogniser import Recogniser
from streamer.asr.sphinx import PocketSphinx
from streamer.asr.whisper import Crew, Device, Whisper
from streamer.errors import DownloadError, EngineError
from streamer.models_store import OnProgress, model_path, pull
from streamer.pinned_models import WHISPER, known_model, known_models
from streamer.settings import AsrSettings

_ON_A_GPU: Final = ("large-v3-turbo", "large-v3", "medium", "small", "base", "tiny.en", "tiny")
_ON_A_PROCESSOR: Final = ("tiny", "tiny.en", "base", "small")
_CORES: Final = {"base": 4, "small": 8}
"""With fewer of them its words come long after the silence that they have: on two, `tiny.en` takes 0.2 s for a sentence, `base` 0.4 and
`small` 1.2 (`benchmarks/whisper_sizes.py`), and 0.26 are there."""
_ENGLISH_ONLY: Final = ".en"
"""So end the names of models that do; asked what language they hear, they say English."""


def best_first(device: Device, cores: int) -> tuple[str, ...]:
    """Models that keep up on a device, the best first; then those that do not, the least late first."""
    if device == "cuda":
        return _ON_A_GPU
    fit = [name for name in _ON_A_PROCESSOR if _CORES.get(name, 1) <= cores]
    return (*reversed(fit), *_ON_A_PROCESSOR[len(fit) :])


OpenedRecogniser = tuple[Recogniser | None, str | None]
"""The recogniser, and why it is this one; or None, and why there is none."""


class Wanted(NamedTuple):
    """What an engine is opened with."""

    settings: AsrSettings
    device: Device
    offline: bool
    on_progress: OnProgress | None
    sources: int = 1
    cores: int | None = None


class Found(NamedTuple):
    """A model of Whisper on this machine."""

    name: str
    folder: Path


def open_recogniser(
    settings: AsrSettings,
    *,
    device: Device = "cpu",
    offline: bool = False,
    on_progress: OnProgress | None = None,
    sources: int = 1,
    cores: int | None = None,
) -> OpenedRecogniser:
    """Open the engine that the settings name; `auto` takes the best that is there, and never fetches anything.

    Args:
        settings: engine, model, language.
        device: what the networks run on; a Whisper model is chosen for it.
        offline: never ask a hub.
        on_progress: told of a download, which happens only where `faster-whisper` is named.
        sources: how many will be heard.
        cores: how many it may keep busy; all that this process has where none are named.

    Raises:
        EngineError: an engine that was named cannot be used; without a network that is known within five seconds.
    """
    wanted = Wanted(settings, device, offline, on_progress, sources, cores)
    if settings.engine == "none":
        return None, "speech recognition is off (asr.engine = none)"
    if settings.engine != "auto":
        return ENGINES[settings.engine](wanted), None
    if found := whisper_here(settings, device):
        return _whisper(found, wanted), f"best model that is here: {found.name}"
    better = f"streamer models pull {model_to_fetch(settings, device)}"
    try:
        return _open_sphinx(wanted), f"no Whisper model is here; better: {better}"
    except EngineError as err:
        return None, f"no Whisper model is here ({better}), and {err}"


def fetch_model(settings: AsrSettings, *, device: Device, offline: bool, on_progress: OnProgress | None) -> None:
    """See that the model of an engine that is named is here, before many processes open it; else as `open_recogniser`."""
    if settings.engine == "faster-whisper":
        _found(Wanted(settings, device, offline, on_progress))


def pinned(settings: AsrSettings, device: Device) -> AsrSettings:
    """`auto` as the Whisper that it means on this machine now, which has to work then; as it is where there is none.

    Raises:
        EngineError: the named model is neither known nor a folder with a model.
    """
    if settings.engine != "auto" or (found := whisper_here(settings, device)) is None:
        return settings
    model = found.name if settings.model == "auto" else settings.model
    return settings.model_copy(update={"engine": "faster-whisper", "model": model})


def _found(wanted: Wanted) -> Found:
    """The model, fetched where it is not here."""
    found = whisper_here(wanted.settings, wanted.device)
    if found is None:
        name = model_to_fetch(wanted.settings, wanted.device)
        try:
            found = Found(name, pull(known_model(name), offline=wanted.offline, on_progress=wanted.on_progress))
        except DownloadError as err:
            raise EngineError(f"asr.engine faster-whisper: {err}") from err
    return found


def _open_whisper(wanted: Wanted) -> Recogniser:
    whisper = _whisper(_found(wanted), wanted)
    whisper.wait_until_loaded()
    return whisper


def _whisper(found: Found, wanted: Wanted) -> Whisper:
    crew = Crew.of(wanted.sources, wanted.cores or len(os.sched_getaffinity(0)))
    return Whisper(found.folder, found.name, wanted.settings, _usable(wanted.device), crew)


def _open_sphinx(wanted: Wanted) -> Recogniser:
    sphinx = PocketSphinx(wanted.settings, wanted.sources)
    if wanted.sources > 1:
        sphinx.wait_until_loaded()
    return sphinx


ENGINES: Final[dict[Literal["faster-whisper", "pocketsphinx"], Callable[[Wanted], Recogniser]]] = {
    "faster-whisper": _open_whisper,
    "pocketsphinx": _open_sphinx,
}
"""By the name in settings."""


def whisper_here(settings: AsrSettings, device: Device) -> Found | None:
    """The named model or folder, or the best for this device and language that is here; None where it would have to be fetched.

    Raises:
        EngineError: the named model is neither known nor a folder with a model.
    """
    if settings.model == "auto":
        return next((Found(name, path) for name in _fitting(settings, device) if (path := model_path(name))), None)
    if not _speaks(settings.model, settings.language):
        raise EngineError(
            f"asr.model {settings.model}: knows English only and takes every language for it, asr.language is "
            f"{settings.language!r}; take {settings.model.removesuffix(_ENGLISH_ONLY)}, or set asr.language to 'en'"
        )
    folder = Path(os.path.expanduser(settings.model))  # noqa: PTH111 - raises for no user's name
    if (folder / "model.bin").is_file():
        return Found(folder.name, folder)
    names = [model.name for model in known_models() if model.purpose == WHISPER]
    if settings.model not in names:
        raise EngineError(
            f"asr.model {settings.model}: is no folder with a model.bin, and no known model; known: {', '.join(names)}"
        )
    path = model_path(settings.model)
    return Found(settings.model, path) if path else None


def model_to_fetch(settings: AsrSettings, device: Device) -> str:
    """The one that is named, or the best for this machine and language."""
    return _fitting(settings, device)[0] if settings.model == "auto" else settings.model


def _fitting(settings: AsrSettings, device: Device) -> list[str]:
    order = best_first(device, len(os.sched_getaffinity(0)))
    return [name for name in order if _speaks(name, settings.language)]


def _speaks(model: str, language: str) -> bool:
    return language == "en" or not model.endswith(_ENGLISH_ONLY)


def _usable(device: Device) -> Device:
    """CTranslate2's own view: it may see no GPU where ONNX Runtime does."""
    if device == "cpu":
        return "cpu"
    import ctranslate2  # slow to import, and needed only here

    return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
