"""CREMA-D (Cao et al., 2014): English, twelve sentences, 80 of 91 actors; re-synthesised from published spectrograms."""

from pathlib import Path
from typing import Final

from streamer.labels import Emotion
from training.corpora.clips import Named, read_clips
from training.samples import Sample, Split

_EMOTIONS: Final[dict[str, Emotion]] = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "joy",
    "NEU": "neutral",
    "SAD": "sadness",
}
_SPLITS: Final[dict[str, Split]] = {
    **{str(actor): "calibration" for actor in range(1061, 1069)},
    **{str(actor): "dev" for actor in range(1069, 1081)},
    **{str(actor): "test" for actor in range(1081, 1092)},
}
_SILENT: Final = "1076_MTI_SAD_XX"
"""Its file, as the authors give it out, has no sound in it."""


def read(data: Path) -> list[Sample]:
    """Actors 1001-1060 train, 1061-1068 calibrate, 1069-1080 are reported; 1081-1091, for whoever has them, are for a test."""
    return read_clips(data / "audio" / "cremad", "cremad", _parse, _SPLITS)


def _parse(stem: str) -> Named | None:
    """`ACTOR_SENTENCE_EMOTION_LEVEL`."""
    if stem == _SILENT:
        return None
    parts = stem.split("_")
    return Named(parts[0], _EMOTIONS[parts[2]])
