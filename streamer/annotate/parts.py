"""What is already known of each file: one small file of rows for each recording, beside the table. A cut-off run goes on from there."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any, Final

from streamer.annotate.rows import Judged
from streamer.errors import ConfigError, PublishError

SUFFIX: Final = ".parts"


class Parts:
    """The folder `events.parquet.parts` beside `events.parquet`. It may be deleted: then everything is done again."""

    def __init__(self, out: Path, *, made_with: str) -> None:
        """`made_with`: hash of what the rows depend on but the recordings: with another one, everything is done again."""
        self._out = out
        self._folder = out.with_name(out.name + SUFFIX)
        self._made_with = made_with

    def open(self) -> None:
        """Make the folder, and see whether something can be written into it: asked before hours of work, not after.

        Raises:
            ConfigError: nothing can.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder, self._folder.parent):
                with tempfile.TemporaryFile(dir=folder):
                    pass
        except OSError as err:
            raise ConfigError(
                f"--out {self._out}: cannot be written ({err.strerror}); name a file in a folder where it can"
            ) from err

    def read(self, path: Path, name: str) -> Judged | None:
        """What is in a file; None where it is not done, or has changed since."""
        try:
            head, *lines = self._path(name).read_text(encoding="utf-8").splitlines()
            known = json.loads(head)
            trouble = known.pop("trouble", None)
        except (OSError, ValueError):
            return None
        return Judged([json.loads(line) for line in lines], trouble) if known == self._head(path, name) else None

    def write(self, path: Path, name: str, judged: Judged) -> None:
        """Keep what is in a file: all of it or, after a crash, nothing.

        Raises:
            PublishError: the disk is full, or the folder has gone.
        """
        part = self._path(name)
        draft = part.with_suffix(".draft")
        head = self._head(path, name) | {"trouble": judged.trouble}
        try:
            draft.write_text(
                "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (head, *judged.rows)), encoding="utf-8"
            )
            draft.replace(part)
        except OSError as err:
            raise PublishError(
                f"{self._folder}: cannot be written any more ({err.strerror}); what is done is kept, run it again"
            ) from err

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.jsonl"

    def _head(self, path: Path, name: str) -> dict[str, Any]:
        """The first line: which file this is, as it was when it was read."""
        stat = path.stat()
        return {"file": name, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "made_with": self._made_with}
