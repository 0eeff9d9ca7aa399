"""Reading text tables so that a bad row is named by file and row."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO, TypeVar

from training.errors import TrainingError

Label = TypeVar("Label")

WANTED: Final = "--data is the folder that holds meld/, text/, audio/ and faces/"
"""What is said where a corpus is not found."""
_CONTROLS: Final = re.compile("[\x80-\x9f]")


def rows(
    path: Path, columns: tuple[str, ...], *, delimiter: str = ",", quoted: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row as (its line number, column -> text).

    Raises:
        TrainingError: the file is missing, empty or not UTF-8, lacks a column, or a row has too few fields or cannot be read.
    """
    with _open(path) as file:
        reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        try:
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                there = ", ".join(reader.fieldnames or ()) or "nothing at all in it"
                raise TrainingError(f"{path}: no column {missing[0]!r}; it has {there}")
            for row in reader:
                empty = [c for c in columns if row[c] is None]
                if empty:
                    raise TrainingError(f"{path}:{reader.line_num}: no {empty[0]!r} in this row")
                yield reader.line_num, row
            if reader.line_num <= 1:
                raise TrainingError(f"{path}: has no row below its header; fetch the file again")
        except UnicodeDecodeError as err:
            raise _not_utf8(path, reader.line_num + 1, err) from err
        except csv.Error as err:
            raise TrainingError(f"{path}:{reader.line_num}: no readable row ({err}); mend its quotes") from err


def lines(path: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    """Each line of a tab-separated file without a header as (its number, its fields).

    Raises:
        TrainingError: the file is missing, not UTF-8, or a line has another number of fields.
    """
    with _open(path) as file:
        number = 0
        try:
            for number, line in enumerate(file, start=1):
                found = line.rstrip("\n").split("\t")
                if len(found) != fields:
                    raise TrainingError(f"{path}:{number}: {len(found)} fields, expected {fields}")
                yield number, found
        except UnicodeDecodeError as err:
            raise _not_utf8(path, number + 1, err) from err


def typeset(text: str) -> str:
    """The same with its quotation marks and dots: where Windows-1252 was taken for Latin-1, they are control characters (U+0092 is ’)."""
    return _CONTROLS.sub(lambda found: found[0].encode("latin-1").decode("cp1252", errors="ignore"), text)


def known(path: Path, line: int, labels: dict[str, Label], label: str) -> Label:
    """The project's label for the corpus's own.

    Raises:
        TrainingError: the row's label is not one that the corpus has.
    """
    if label not in labels:
        raise TrainingError(f"{path}:{line}: unknown label {label!r}; known here: {', '.join(labels)}")
    return labels[label]


def _not_utf8(path: Path, line: int, err: UnicodeDecodeError) -> TrainingError:
    return TrainingError(
        f"{path}:{line}: not UTF-8 ({err.reason} at byte {err.start}); convert the file, "
        "if it is of Windows by `iconv -f WINDOWS-1252 -t UTF-8`"
    )


def _open(path: Path) -> TextIO:
    if not path.is_file():
        raise TrainingError(f"{path}: not there; {WANTED}")
    return path.open(encoding="utf-8-sig", newline="")  # a spreadsheet writes a mark before the first column
