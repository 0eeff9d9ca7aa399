"""MELD's prosody as somebody measured it with Praat on the real sound, which is not to be had here: `meld/audio8_praat_{train,dev}.csv`."""

import math
from pathlib import Path
from typing import Final

from training.corpora.tables import rows
from training.errors import TrainingError
from training.phonetics.prosody import Prosody

_COLUMNS: Final = (
    "duration",
    "avg_intensity",
    "intensity_variation",
    "avg_pitch",
    "pitch_std",
    "pitch_range",
    "articulation_rate",
    "mean_hnr",
)
"""In the order of `Prosody`."""


def read(data: Path) -> dict[str, Prosody]:
    """Of train and dev, by the key that `training.corpora.meld` gives a sample; NaN where Praat found nothing.

    Raises:
        TrainingError: a file or a column is missing, or a value is no number; it names file and row.
    """
    found: dict[str, Prosody] = {}
    for split in ("train", "dev"):
        path = data / "meld" / f"audio8_praat_{split}.csv"
        for line, row in rows(path, ("filename", *_COLUMNS)):
            values = Prosody(*(_value(path, line, column, row[column]) for column in _COLUMNS))
            found[f"{split}_sent_emo.csv:{Path(row['filename']).stem}"] = values
    return found


def _value(path: Path, line: int, column: str, text: str) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        raise TrainingError(f"{path}:{line}: {column} is {text!r}, not a number") from None
