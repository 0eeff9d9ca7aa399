"""RAVDESS speech (Livingstone & Russo, 2018): English, two sentences, 24 actors of whom 20 are here; calm counts as neutral."""

from pathlib import Path
from typing import Final

from streamer.labels import Emotion
from training.corpora.clips import Named, read_clips
from training.samples import Sample, Split

_EMOTIONS: Final[dict[str, Emotion]] = {
    "01": "neutral",
    "02": "neutral",  # calm
    "03": "joy",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
_SPLITS: Final[dict[str, Split]] = {
    "15": "calibration",
    "16": "calibration",
    "17": "dev",
    "18": "dev",
    "19": "dev",
    "20": "dev",
    **{str(actor): "test" for actor in range(21, 25)},
}


def read(data: Path) -> list[Sample]:
    """Actors 1-14 train, 15-16 calibrate, 17-20 are reported; half of each pair are women. 21-24, for whoever has them, are for a test."""
    return read_clips(data / "audio" / "ravdess", "ravdess", _parse, _SPLITS)


def _parse(stem: str) -> Named | None:
    """`MM-VC-EM-IN-ST-RE-AC`: the third number is the emotion, the last the actor; where the second is 02 it is sung."""
    parts = stem.split("-")
    return None if parts[1] == "02" else Named(parts[6], _EMOTIONS[parts[2]])
