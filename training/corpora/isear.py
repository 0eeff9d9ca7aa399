"""ISEAR (Scherer & Wallbott, 1994): situations in which people felt an emotion, in their words."""

from pathlib import Path
from typing import Final

from streamer.labels import Emotion
from training.corpora.tables import rows
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, implied_sentiment

_LABELS: Final[dict[str, Emotion | None]] = {
    "joy": "joy",
    "fear": "fear",
    "anger": "anger",
    "sadness": "sadness",
    "disgust": "disgust",
    "shame": None,  # neither this nor the next is among the seven
    "guilt": None,
}


def read(data: Path) -> list[Sample]:
    """The five emotions that are among the seven; each tenth row is for calibration and the one after it for dev."""
    path = data / "text" / "isear" / "isear.csv"
    samples = []
    for line, row in rows(path, ("emotion", "text")):
        if row["emotion"] not in _LABELS:
            raise TrainingError(f"{path}:{line}: unknown emotion {row['emotion']!r}; known here: {', '.join(_LABELS)}")
        label = _LABELS[row["emotion"]]
        if label is None:
            continue
        split: Split = "calibration" if line % 10 == 0 else "dev" if line % 10 == 1 else "train"
        emotion = emotion_of(label)
        samples.append(
            Sample(
                corpus="isear",
                key=f"{path.name}:{line}",
                split=split,
                emotion=emotion,
                sentiment=implied_sentiment(emotion),
                text=row["text"],
            )
        )
    return samples
