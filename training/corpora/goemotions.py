"""GoEmotions (Demszky et al., 2020): Reddit comments under the Ekman grouping, which has exactly the seven labels; multi-label."""

from pathlib import Path
from typing import Final

from streamer.labels import EMOTIONS
from training.corpora.tables import lines
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, implied_sentiment

_SPLITS: Final[tuple[tuple[str, Split], ...]] = (("train", "train"), ("dev", "calibration"), ("test", "dev"))


def read(data: Path) -> list[Sample]:
    """Its train, dev and test files as train, calibration and dev; several labels become equal shares."""
    folder = data / "text" / "goemotions"
    names = [name for _, (name,) in lines(folder / "labels.txt", 1)]
    if sorted(names) != sorted(EMOTIONS):
        raise TrainingError(f"{folder / 'labels.txt'}: labels {names}, expected the Ekman grouping {list(EMOTIONS)}")
    by_id = {str(i): next(e for e in EMOTIONS if e == name) for i, name in enumerate(names)}
    samples = []
    for file, split in _SPLITS:
        path = folder / f"{file}.tsv"
        for line, (text, ids, _) in lines(path, 3):
            unknown = [i for i in ids.split(",") if i not in by_id]
            if unknown:
                raise TrainingError(f"{path}:{line}: unknown label id {unknown[0]!r}; labels.txt has {len(names)}")
            emotion = emotion_of(*(by_id[i] for i in ids.split(",")))
            samples.append(
                Sample(
                    corpus="goemotions",
                    key=f"{path.name}:{line}",
                    split=split,
                    emotion=emotion,
                    sentiment=implied_sentiment(emotion),
                    text=text,
                )
            )
    return samples
