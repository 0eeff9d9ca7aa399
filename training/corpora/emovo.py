"""EMOVO (Costantini et al., 2014): Italian, six actors, seven emotions."""

from pathlib import Path
from typing import Final

from streamer.labels import Emotion
from training.corpora.clips import Named, read_clips
from training.samples import Sample, Split

_EMOTIONS: Final[dict[str, Emotion]] = {
    "neu": "neutral",
    "dis": "disgust",
    "gio": "joy",
    "pau": "fear",
    "rab": "anger",
    "sor": "surprise",
    "tri": "sadness",
}
_SPLITS: Final[dict[str, Split]] = {"f3": "dev", "m3": "dev"}


def read(data: Path) -> list[Sample]:
    """Two women and two men train, one of each is reported; too few actors to spare one for calibration."""
    return read_clips(data / "audio" / "emovo", "emovo", _parse, _SPLITS)


def _parse(stem: str) -> Named:
    """`emotion-speaker-sentence`."""
    emotion, speaker, _ = stem.split("-")
    return Named(speaker, _EMOTIONS[emotion])
