"""One acoustic vector for each utterance of MELD, as published beside it: Praat's eight values, or the authors' selected features."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from streamer.features.arrays import Float32
from training.corpora.meld_pickles import PATTERN, Vectors, read_pickle
from training.corpora.meld_rows import MELD_SPLITS, MeldSplit
from training.corpora.tables import rows
from training.errors import TrainingError

PRAAT: Final = (
    "duration", "avg_intensity", "intensity_variation", "avg_pitch", "pitch_std", "pitch_range", "articulation_rate", "mean_hnr",
)  # fmt: skip


@lru_cache(maxsize=2)
def read_vectors(data: Path, width: int) -> Vectors:
    """The vectors of that many values, by split and `dia{D}_utt{U}`.

    Raises:
        TrainingError: there are none of that width, or a file is wrong; it names file and row.
    """
    if width == len(PRAAT):
        found: Vectors = {split: _praat(data, split) for split in MELD_SPLITS}
        if not any(found.values()):
            raise TrainingError(f"{data}: no audio8_praat_train.csv there, nor in meld/")
        return _filled(found)
    widths = []
    for path in sorted(data.rglob(PATTERN)):
        vectors = read_pickle(path)
        widths.append(len(next(iter(vectors["train"].values()))))
        if widths[-1] == width:
            return vectors
    there = f"there are files of {', '.join(map(str, widths))}" if widths else f"there is no {PATTERN}"
    raise TrainingError(f"{data}: no published features of {width} values; {there}")


def _praat(data: Path, split: MeldSplit) -> dict[str, Float32]:
    name = f"audio8_praat_{split}.csv"
    path = next((p for p in (data / name, data / "meld" / name) if p.is_file()), None)
    if path is None:
        return {}
    found = {}
    for line, row in rows(path, ("filename", *PRAAT)):
        try:
            found[row["filename"].removesuffix(".wav")] = np.array([float(row[c] or "nan") for c in PRAAT], np.float32)
        except ValueError:
            raise TrainingError(f"{path}:{line}: a value is not a number") from None
    return found


def _filled(vectors: Vectors) -> Vectors:
    """What Praat could not measure (no voiced sound) gets the mean of train, so that it says nothing."""
    train = np.stack(list((vectors["train"] or next(filter(None, vectors.values()))).values()))
    mean = np.nanmean(train, axis=0)
    return {
        split: {name: np.where(np.isnan(vector), mean, vector).astype(np.float32) for name, vector in found.items()}
        for split, found in vectors.items()
    }
