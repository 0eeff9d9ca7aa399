"""The table at the end: JSON Lines, or Parquet where pyarrow is installed."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from streamer.annotate.rows import COLUMNS, Row
from streamer.errors import ConfigError, PublishError

Write = Callable[[Path, list[Row]], None]


def writer(out: Path) -> Write:
    """What writes a file with this ending, all of it or nothing.

    Raises:
        ConfigError: the ending is not known, its library is not installed, or a folder lies there.
    """
    if out.is_dir():
        raise ConfigError(f"--out {out}: is a folder; name a file that ends with {' or with '.join(WRITERS)}")
    if out.suffix not in WRITERS:
        raise ConfigError(f"--out {out}: ends neither with {' nor with '.join(WRITERS)}")
    if out.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401 - asked before hours of work, not after
        except ImportError as err:
            raise ConfigError(
                f"--out {out}: Parquet needs pyarrow, which is not installed; pip install 'affect-streamer[parquet]', "
                "or give a file that ends with .jsonl"
            ) from err
    write = WRITERS[out.suffix]

    def replace(path: Path, rows: list[Row]) -> None:
        draft = path.with_name(path.name + ".draft")
        try:
            write(draft, rows)
            draft.replace(path)
        except OSError as err:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise PublishError(
                f"--out {path}: cannot be written ({err.strerror}); what is done is kept beside it, run it again"
            ) from err

    return replace


def _jsonl(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path)


WRITERS: Final[dict[str, Write]] = {".jsonl": _jsonl, ".parquet": _parquet}
"""By the ending of the file. To add a format: a function above and its line here."""
