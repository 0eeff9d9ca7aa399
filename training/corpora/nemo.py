"""nEMO (Christop, 2024): Polish, nine speakers, six emotions."""

from pathlib import Path
from typing import Final

from streamer.labels import Emotion
from training.corpora.clips import Named, read_clips
from training.samples import Sample, Split

_EMOTIONS: Final[dict[str, Emotion]] = {
    "anger": "anger",
    "fear": "fear",
    "happiness": "joy",
    "neutral": "neutral",
    "sadness": "sadness",
    "surprised": "surprise",
}
_SPLITS: Final[dict[str, Split]] = {"TP0": "calibration", "KD0": "dev", "WR0": "dev"}


def read(data: Path) -> list[Sample]:
    """Six speakers train, one calibrates, a woman and a man are reported."""
    return read_clips(data / "audio" / "nemo", "nemo", _parse, _SPLITS)


def _parse(stem: str) -> Named:
    """`SPEAKER_emotion_sentence`."""
    speaker, emotion, _ = stem.split("_")
    return Named(speaker, _EMOTIONS[emotion])
