"""DailyDialog (Li et al., 2017), the part that RECCON annotates: everyday dialogues, emotion per utterance."""

import json
from pathlib import Path
from typing import Final

import msgspec

from streamer.features import ContextTurn
from streamer.labels import Emotion
from training.corpora.tables import WANTED
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, implied_sentiment

_LABELS: Final[dict[str, Emotion]] = {
    "neutral": "neutral",
    "happiness": "joy",
    "happines": "joy",  # as it stands in the test file
    "happy": "joy",
    "excited": "joy",
    "surprise": "surprise",
    "surprised": "surprise",
    "anger": "anger",
    "angry": "anger",
    "sadness": "sadness",
    "sad": "sadness",
    "disgust": "disgust",
    "fear": "fear",
}
_SPLITS: Final[tuple[tuple[str, Split], ...]] = (("train", "train"), ("valid", "calibration"), ("test", "dev"))


class _Turn(msgspec.Struct):
    speaker: str
    utterance: str
    emotion: str


def read(data: Path) -> list[Sample]:
    """Its train, valid and test files as train, calibration and dev, with the dialogue so far."""
    samples = []
    for file, split in _SPLITS:
        path = data / "text" / "dailydialog" / f"dailydialog_{file}.json"
        for dialogue, turns in _dialogues(path).items():
            earlier: list[ContextTurn] = []
            for number, turn in enumerate(turns, start=1):
                if turn.emotion not in _LABELS:
                    raise TrainingError(f"{path}: {dialogue} turn {number}: unknown emotion {turn.emotion!r}")
                emotion, text = emotion_of(_LABELS[turn.emotion]), _joined(turn.utterance)
                samples.append(
                    Sample(
                        corpus="dailydialog",
                        key=f"{path.name}:{dialogue}:{number}",
                        split=split,
                        emotion=emotion,
                        sentiment=implied_sentiment(emotion),
                        speaker=turn.speaker,
                        text=text,
                        context=tuple(earlier[-8:]),
                    )
                )
                earlier.append(ContextTurn(turn.speaker, text))
    return samples


def _dialogues(path: Path) -> dict[str, list[_Turn]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: msgspec.convert(parts[0], list[_Turn], strict=False) for name, parts in found.items()}
    except FileNotFoundError:
        raise TrainingError(f"{path}: not there; {WANTED}") from None
    except (ValueError, KeyError, IndexError, msgspec.ValidationError) as err:
        raise TrainingError(f"{path}: not a DailyDialog file ({err})") from err


def _joined(text: str) -> str:
    """The corpus sets spaces before punctuation; speech has none."""
    for mark in (".", ",", "?", "!", "’", "'"):
        text = text.replace(f" {mark}", mark)
    return text.replace("’ ", "’").replace("' ", "'")
