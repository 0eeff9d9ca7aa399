"""The table at the end: JSON Lines, or Parquet where pyarrow is installed. It takes the place of an older table, and of nothing else."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from streamer.annotate.parts import folder_of
from streamer.annotate.rows import COLUMNS, Row
from streamer.errors import ConfigError, PublishError


class Format(NamedTuple):
    """How tables with one ending are written and known again."""

    write: Callable[[Path, list[Row]], None]
    columns: Callable[[Path], list[str]]
    """Names of the columns of a table with rows; ValueError or TypeError where it is no such file."""


def writer(out: Path) -> Callable[[Path, list[Row]], None]:
    """What writes a file with this ending, all of it or nothing.

    Raises:
        ConfigError: the ending is not known, its library is not installed, or something else lies there.
    """
    suffix = out.suffix.lower()
    if out.is_dir():
        raise ConfigError(f"--out {out}: is a folder; name a file that ends with {' or with '.join(FORMATS)}")
    if suffix not in FORMATS:
        raise ConfigError(f"--out {out}: ends neither with {' nor with '.join(FORMATS)}")
    if suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401 - asked before hours of work, not after
        except ImportError as err:
            raise ConfigError(
                f"--out {out}: Parquet needs pyarrow, which is not installed; pip install '.[parquet]' in the checkout, "
                "or give a file that ends with .jsonl"
            ) from err
    write, columns = FORMATS[suffix]
    if out.exists() and not folder_of(out).is_dir() and not _is_table(out, columns):
        raise ConfigError(
            f"--out {out}: is there already, and is no table of `streamer annotate`; it is left as it is: give another name"
        )

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


def _is_table(out: Path, columns: Callable[[Path], list[str]]) -> bool:
    """Whether a file was written by us, or is empty; a recording of `streamer run` may have the same name."""
    try:
        return out.is_file() and (not out.stat().st_size or columns(out) == list(COLUMNS))
    except (OSError, ValueError, TypeError):
        return False


def _write_jsonl(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _columns_of_jsonl(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return list(json.loads(file.readline(1_000_000)))


def _write_parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _columns_of_parquet(path: Path) -> list[str]:
    import pyarrow.parquet

    return list(pyarrow.parquet.read_schema(path).names)


FORMATS: Final = {
    ".jsonl": Format(_write_jsonl, _columns_of_jsonl),
    ".parquet": Format(_write_parquet, _columns_of_parquet),
}
"""By the ending of the file. To add one: two functions above and its line here."""
