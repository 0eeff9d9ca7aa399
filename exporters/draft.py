"""A folder that is whole or is not there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporters.errors import ExportError
from streamer.bundle import MANIFEST


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A temporary sibling that takes the folder's place when the block ends without an error, and is removed when it does not.

    Raises:
        ExportError: what stands there is no bundle, so that it is not for us to replace.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder / MANIFEST).is_file() and not _empty(folder):
        raise ExportError(f"{folder}: is there, and no bundle, which a bundle could replace; take another --out")
    draft = folder.with_name(f".{folder.name}.draft")
    old = folder.with_name(f".{folder.name}.old")
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        if folder.exists():
            folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _empty(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is None
