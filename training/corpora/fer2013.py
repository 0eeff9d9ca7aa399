"""FER2013 (Goodfellow et al., 2013) and FERPlus's votes as they are distributed: two CSV files, row by row of the same pictures."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np

from training.corpora.tables import known, rows
from training.errors import TrainingError
from training.samples import Split

PICTURES: Final = "fer2013.csv"
VOTES: Final = "fer2013new.csv"
_SIDE_PX: Final = 48
_SPLITS: Final[dict[str, Split]] = {"Training": "train", "PublicTest": "dev", "PrivateTest": "test"}


class Voted(NamedTuple):
    """A picture and what its raters said."""

    name: str
    split: Split
    image: bytes
    """Encoded without loss."""
    votes: list[int]
    """In the order of the labels asked for."""


def voted(folder: Path, labels: tuple[str, ...]) -> Iterator[Voted]:
    """The pictures that FERPlus kept: those to which it gave a name.

    Raises:
        TrainingError: a file is missing, has other columns or another number of rows, or a row is damaged; it names file and line.
    """
    pictures = rows(folder / PICTURES, ("pixels", "Usage"))
    for pixels, rated in zip_longest(pictures, rows(folder / VOTES, ("Image name", *labels))):
        if pixels is None or rated is None:
            raise TrainingError(f"{folder}: {PICTURES} and {VOTES} have different numbers of rows; fetch them again")
        (line, shown), (line_of_votes, row) = pixels, rated
        if not row["Image name"].strip():
            continue
        try:
            votes = [int(row[label]) for label in labels]
        except ValueError as err:
            raise TrainingError(f"{folder / VOTES}:{line_of_votes}: {err}; votes are whole numbers") from None
        split = known(folder / PICTURES, line, _SPLITS, shown["Usage"])
        yield Voted(row["Image name"], split, _encoded(folder / PICTURES, line, shown["pixels"]), votes)


def _encoded(path: Path, line: int, pixels: str) -> bytes:
    values = pixels.split()
    if len(values) != _SIDE_PX**2 or not all(value.isdecimal() and int(value) < 256 for value in values):
        raise TrainingError(f"{path}:{line}: no {_SIDE_PX} x {_SIDE_PX} grey levels of 0 to 255 in `pixels`")
    grey = np.array(values, np.uint8).reshape(_SIDE_PX, _SIDE_PX)
    return bytes(cv2.imencode(".png", grey)[1])
