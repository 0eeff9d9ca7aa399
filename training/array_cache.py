"""Arrays that are dear to compute, kept on disk under the hash of everything that they depend on."""

import hashlib
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from streamer.features.arrays import Float32, UInt8
from training.progress import Progress

Arrays = dict[str, Float32 | UInt8]
_READING: Final = threading.Lock()
"""NumPy parses an array's header as Python; in Python 3.11 two threads that do so at once can end in a SystemError."""


class ArrayCache:
    """One folder of entries, each a compressed `.npz`; may be cut off at any moment, and be filled by several threads or processes.

    What is written is whole; an entry that is damaged all the same is told and computed again.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder, self._progress = folder, progress
        self.computed = 0
        """How many entries this object had to compute."""

    def get(self, key: str, compute: Callable[[], Arrays]) -> Arrays:
        """The entry of a key, computed where it is not there."""
        found = self.find(key)
        if found is None:
            found = compute()
            self.put(key, found)
        return found

    def find(self, key: str) -> Arrays | None:
        """The entry of a key, where there is a whole one."""
        entry = self._entry(key)
        try:
            with entry.open("rb") as file, _READING, np.load(file) as found:
                return {name: found[name] for name in found.files}
        except FileNotFoundError:
            return None
        except (ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile, zlib.error):
            self._progress.say(f"{entry}: damaged, it is computed again")
            return None

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep what was computed for a key."""
        self.computed += 1
        entry = self._entry(key)
        entry.parent.mkdir(parents=True, exist_ok=True)
        draft = entry.with_name(f"{key}.{threading.get_ident()}.part")
        with draft.open("wb") as whole:
            np.savez_compressed(whole, allow_pickle=False, **arrays)
        draft.replace(entry)

    def _entry(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.npz"


def digest(*parts: bytes) -> str:
    """One name for everything that an entry depends on."""
    summed = hashlib.sha256()
    for part in parts:
        summed.update(len(part).to_bytes(8, "little"))
        summed.update(part)
    return summed.hexdigest()
