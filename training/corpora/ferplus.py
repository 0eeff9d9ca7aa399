"""FERPlus (Barsoum et al., 2016): faces of FER2013 with the votes of ten raters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamer.labels import EMOTIONS, Emotion
from training.corpora import fer2013
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
_LABELS: Final = (*_VOTES, *_REFUSED)
_SPLITS: Final[dict[str, Split]] = {"train": "train", "dev": "dev", "test": "test"}
_CALIBRATION_EVERY: Final = 10


def read(data: Path) -> list[Sample]:
    """Vote shares as soft labels; from one table, or from FER2013's and FERPlus's own files.

    Its train split trains, but for each tenth picture, which calibrates; dev is reported; so is test, which is not in our table.

    Raises:
        TrainingError: the table is missing, or is another, or has a split of another name.
    """
    folder = data / "faces"
    path = folder / "ferplus.parquet"
    if path.is_file():
        found = _table(path)
    elif (folder / fer2013.PICTURES).is_file():
        found = fer2013.voted(folder, _LABELS)
    else:
        raise TrainingError(f"{path}: not there, nor {fer2013.PICTURES} and {fer2013.VOTES}; {WANTED}")
    samples = []
    for row, (name, split, image, votes) in enumerate(found):
        emotion = _shares(votes)
        if emotion is None:
            continue
        own_split: Split = "calibration" if split == "train" and row % _CALIBRATION_EVERY == 0 else split
        sentiment = implied_sentiment(emotion)
        samples.append(
            Sample(corpus="ferplus", key=name, split=own_split, emotion=emotion, sentiment=sentiment, face=image)
        )
    return _apart(samples)


def _table(path: Path) -> Iterator[fer2013.Voted]:
    import pyarrow.parquet as pq  # a large library that no other corpus needs

    columns = ["name", "split", "image_webp", *_LABELS]
    try:
        table = pq.read_table(path, columns=columns)
    except (OSError, ValueError, KeyError) as err:
        raise TrainingError(f"{path}: not the FERPlus table ({err})") from err
    for row, (name, split, image, *votes) in enumerate(
        zip(*(table[column].to_pylist() for column in columns), strict=True)
    ):
        yield fer2013.Voted(name, known(path, row + 1, _SPLITS, split), image, votes)


def _apart(samples: list[Sample]) -> list[Sample]:
    """FER2013 has pictures that stand in two of its splits: none calibrates that trains, none is reported that does either."""
    taken: set[bytes | None] = set()
    kept: list[Sample] = []
    for split in ("train", "calibration", "dev", "test"):
        own = [sample for sample in samples if sample.split == split and sample.face not in taken]
        taken.update(sample.face for sample in own)
        kept += own
    return kept


def _shares(votes: list[int]) -> tuple[float, ...] | None:
    """[10] votes -> [7] shares; None where most raters saw no face or no emotion of the list."""
    named, refused = votes[: len(_VOTES)], votes[len(_VOTES) :]
    if sum(named) == 0 or max(refused) > max(named):
        return None
    shares = dict.fromkeys(EMOTIONS, 0.0)
    for emotion, count in zip(_VOTES.values(), named, strict=True):
        shares[emotion] += count
    return tuple(shares[e] / sum(named) for e in EMOTIONS)
