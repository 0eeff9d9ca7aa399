"""Which recordings a folder holds."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamer.errors import ConfigError
from streamer.file_names import as_text

_PICTURES: Final = {
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"
}  # fmt: skip
_SOUND: Final = {".aac", ".aif", ".aiff", ".amr", ".flac", ".m4a", ".mka", ".mp3", ".ogg", ".opus", ".wav", ".wma"}
MEDIA: Final = frozenset(_PICTURES | _SOUND)
"""Endings of files that are read; all others are left alone."""


@dataclass
class Recordings:
    """What was found below a folder."""

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    """By their path inside the folder, which is what the table calls them."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why what lies there cannot be read, by what can be printed of its path inside the folder."""


def recordings_in(folder: Path) -> Recordings:
    """Every recording below the folder, also behind links; a folder that links lead to again is read once.

    Raises:
        ConfigError: there is no such folder, or nothing in it.
    """
    if folder.is_file():
        raise ConfigError(f"{folder}: is a file; name the folder in which it lies, or take `streamer run --source`")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    found = Recordings(folder)

    def leave_out(path: str | Path, reason: str) -> None:
        found.left_out[as_text(str(Path(path).relative_to(folder)))] = reason

    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(
        folder, onerror=lambda err: leave_out(err.filename, f"cannot be read ({err.strerror})"), followlinks=True
    ):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        for path in (Path(place, name) for name in sorted(names)):
            if path.suffix.lower() not in MEDIA:
                continue
            name = str(path.relative_to(folder))
            if name != as_text(name):
                leave_out(path, "its name is not UTF-8; rename it")
            elif (trouble := _trouble(path)) is not None:
                leave_out(path, trouble)
            else:
                found.files[name] = path
    if not found.files and not found.left_out:
        raise ConfigError(f"{folder}: no recording in it; read are files that end with {' '.join(sorted(MEDIA))}")
    return found


def _trouble(path: Path) -> str | None:
    """Why a recording cannot be read, as far as that is seen from outside."""
    try:
        return None if path.is_file() else "is no file, or a link to none"
    except OSError as err:  # it links into a folder that is closed to us
        return f"cannot be read ({err.strerror})"
