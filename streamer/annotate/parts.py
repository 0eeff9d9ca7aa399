"""What is already known of each file: one small file of rows for each recording, beside the table. A cut-off run goes on from there."""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from streamer.annotate.rows import Judged
from streamer.errors import ConfigError, PublishError

SUFFIX: Final = ".parts"


class Version(NamedTuple):
    """What a recording was when it was looked at; one that is replaced or grows has another."""

    size_bytes: int
    mtime_ns: int


def version_of(path: Path) -> Version | None:
    """As it is now; None where it is not there any more."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Version(status.st_size, status.st_mtime_ns)


def folder_of(out: Path) -> Path:
    """Where the parts of a table are."""
    return out.with_name(out.name + SUFFIX)


@contextmanager
def alone_at(out: Path) -> Iterator[None]:
    """Make the folder of a table's parts, see that something can be written there, and be the only one, of all processes, that does.

    The lock is on the folder itself, and ends with its process.

    Raises:
        ConfigError: nothing can be written, or another process is at it: asked before hours of work, not after.
    """
    folder = folder_of(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in (folder, folder.parent):
            with tempfile.TemporaryFile(dir=place):
                pass
        lock = os.open(folder, os.O_RDONLY)
    except OSError as err:
        raise ConfigError(
            f"--out {out}: cannot be written ({err.strerror}); name a file in a folder where it can"
        ) from err
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"--out {out}: another `streamer annotate` is writing this table; wait for it, or name another file"
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(lock)


class Parts:
    """What is in the folder `events.parquet.parts` beside `events.parquet`. It may be deleted: then everything is done again."""

    def __init__(self, out: Path, *, made_with: str) -> None:
        """`made_with`: hash of what the rows depend on but the recordings: with another one, everything is done again."""
        self._folder = folder_of(out)
        self._made_with = made_with

    def read(self, path: Path, name: str) -> Judged | None:
        """What is in a file; None where it is not done, has changed since, or its part is damaged."""
        version = version_of(path)
        try:
            text = self._path(name).read_text(encoding="ascii")
            head, *rows = [json.loads(line) for line in text.splitlines()]
        except (OSError, ValueError):
            return None
        judged = Judged(rows, head.pop("trouble", None))
        return judged if version is not None and head == self._head(version, name, judged) else None

    def write(self, version: Version, name: str, judged: Judged) -> None:
        """Keep what is in a file that was of this version before it was read: all of it or, after a crash or a power cut, nothing.

        Raises:
            PublishError: the disk is full, or the folder has gone.
        """
        part = self._path(name)
        draft = part.with_suffix(".draft")
        head = self._head(version, name, judged) | {"trouble": judged.trouble}
        try:
            with draft.open("w", encoding="ascii") as file:  # JSON escapes the rest, and with it what may end a line
                file.writelines(json.dumps(line) + "\n" for line in (head, *judged.rows))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(part)
        except OSError as err:
            raise PublishError(
                f"{self._folder}: cannot be written any more ({err.strerror}); what is done is kept, run it again"
            ) from err

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.jsonl"

    def _head(self, version: Version, name: str, judged: Judged) -> dict[str, Any]:
        """The first line: which file this is, as it was when it was read, and how much was in it."""
        return {
            "file": name,
            "bytes": version.size_bytes,
            "mtime_ns": version.mtime_ns,
            "made_with": self._made_with,
            "rows": len(judged.rows),
        }
