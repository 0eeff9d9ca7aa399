"""What is already known of each file: one small file of rows for each recording, beside the table. A cut-off run goes on from there."""

import hashlib
import json
from pathlib import Path
from typing import Final

from streamer.annotate.rows import Row

SUFFIX: Final = ".parts"


class Parts:
    """The folder `events.parquet.parts` beside `events.parquet`. It may be deleted: then everything is done again."""

    def __init__(self, out: Path, *, made_with: str) -> None:
        """`made_with`: hash of what the rows depend on but the recordings: with another one, everything is done again."""
        self._folder = out.with_name(out.name + SUFFIX)
        self._made_with = made_with

    def read(self, path: Path, name: str) -> list[Row] | None:
        """The rows of a file; None where it is not done, or has changed since."""
        try:
            head, *lines = self._path(name).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return None
        return [json.loads(line) for line in lines] if head == self._head(path, name) else None

    def write(self, path: Path, name: str, rows: list[Row]) -> None:
        """Keep the rows of a file: all of them or, after a crash, none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._path(name)
        draft = part.with_suffix(".draft")
        lines = [self._head(path, name), *(json.dumps(row, ensure_ascii=False) for row in rows)]
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(part)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.jsonl"

    def _head(self, path: Path, name: str) -> str:
        """The first line: which file this is, as it was when it was read."""
        stat = path.stat()
        return json.dumps(
            {"file": name, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "made_with": self._made_with}
        )
