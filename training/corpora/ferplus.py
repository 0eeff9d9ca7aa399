"""FERPlus (Barsoum et al., 2016): faces of FER2013 with the votes of ten raters."""

from pathlib import Path
from typing import Final

import numpy as np

from streamer.labels import EMOTIONS, Emotion
from training.corpora.tables import WANTED, known
from training.errors import TrainingError
from training.samples import Sample, Split, implied_sentiment

_VOTES: Final[dict[str, Emotion]] = {
    "neutral": "neutral",
    "happiness": "joy",
    "surprise": "surprise",
    "sadness": "sadness",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "disgust",  # the nearest of the seven; 1 % of the votes
}
"""Votes for `unknown` and `NF` (no face) are left out; where they are the majority, the picture is."""
_REFUSED: Final = ("unknown", "NF")
_SPLITS: Final[dict[str, Split]] = {"train": "train", "dev": "dev", "test": "test"}
_CALIBRATION_EVERY: Final = 10


def read(data: Path) -> list[Sample]:
    """Vote shares as soft labels.

    Its train split trains, but for each tenth picture, which calibrates; dev is reported; so is test, which is not in our table.

    Raises:
        TrainingError: the table is missing, or is another, or has a split of another name.
    """
    import pyarrow.parquet as pq  # a large library that no other corpus needs

    path = data / "faces" / "ferplus.parquet"
    if not path.is_file():
        raise TrainingError(f"{path}: not there; {WANTED}")
    columns = ["name", "split", "image_webp", *_VOTES, *_REFUSED]
    try:
        table = pq.read_table(path, columns=columns)
    except (OSError, ValueError, KeyError) as err:
        raise TrainingError(f"{path}: not the FERPlus table ({err})") from err
    votes = np.stack([table[name].to_numpy() for name in (*_VOTES, *_REFUSED)], axis=1)
    samples = []
    for row, (name, split, image) in enumerate(zip(*(table[c].to_pylist() for c in columns[:3]), strict=True)):
        emotion = _shares(votes[row])
        if emotion is None:
            continue
        own_split = known(path, row + 1, _SPLITS, split)
        if own_split == "train" and row % _CALIBRATION_EVERY == 0:
            own_split = "calibration"
        sentiment = implied_sentiment(emotion)
        samples.append(
            Sample(corpus="ferplus", key=name, split=own_split, emotion=emotion, sentiment=sentiment, face=image)
        )
    return _apart(samples)


def _apart(samples: list[Sample]) -> list[Sample]:
    """FER2013 has pictures that stand in two of its splits: none calibrates that trains, none is reported that does either."""
    taken: set[bytes | None] = set()
    kept: list[Sample] = []
    for split in ("train", "calibration", "dev", "test"):
        own = [sample for sample in samples if sample.split == split and sample.face not in taken]
        taken.update(sample.face for sample in own)
        kept += own
    return kept


def _shares(votes: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> tuple[float, ...] | None:
    """[10] votes -> [7] shares; None where most raters saw no face or no emotion of the list."""
    named, refused = votes[: len(_VOTES)], votes[len(_VOTES) :]
    if named.sum() == 0 or refused.max() > named.max():
        return None
    shares = dict.fromkeys(EMOTIONS, 0.0)
    for emotion, count in zip(_VOTES.values(), named, strict=True):
        shares[emotion] += float(count)
    return tuple(shares[e] / float(named.sum()) for e in EMOTIONS)
