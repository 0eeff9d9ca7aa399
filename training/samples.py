"""One labelled sample, whatever the corpus; and the three splits that nothing else defines."""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from streamer.features import ContextTurn
from streamer.features.arrays import Float32
from streamer.labels import EMOTIONS, SENTIMENTS, SENTIMENTS_OF, Emotion, Sentiment

Split = Literal["train", "calibration", "dev", "test"]
"""`train` fits weights; `calibration` picks epochs and fits temperatures; `dev` is only reported; `test` is an official one, where its
owner has it, and is measured once. No speaker or dialogue is in two."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What one row, clip or picture of a corpus says, in the project's labels."""

    corpus: str
    key: str
    """Row, file or picture: names the sample in messages."""
    split: Split
    emotion: tuple[float, ...]
    """[7], a distribution over `labels.EMOTIONS`."""
    sentiment: tuple[float, ...]
    """[3], a distribution over `labels.SENTIMENTS`."""
    speaker: str | None = None
    text: str | None = None
    context: tuple[ContextTurn, ...] = ()
    """The dialogue so far, oldest first."""
    audio: Path | None = None
    """A file with this utterance's sound."""
    video: Path | None = None
    """A file with this utterance's pictures, faces yet to be found in them."""
    face: bytes | None = None
    """One encoded picture of a face."""
    reason: str | None = None
    """Why sound and pictures of a clip are not there."""
    dialogue: str | None = None
    """Which dialogue it belongs to, where the corpus has them."""

    @property
    def label(self) -> int:
        """The most probable emotion."""
        return int(np.argmax(self.emotion))

    @property
    def sentiment_label(self) -> int:
        """The most probable sentiment."""
        return int(np.argmax(self.sentiment))


def emotion_of(*labels: Emotion) -> tuple[float, ...]:
    """Equal shares for the labels named."""
    return tuple(labels.count(e) / len(labels) for e in EMOTIONS)


def sentiment_of(label: Sentiment) -> tuple[float, ...]:
    """All on one label."""
    return tuple(float(s == label) for s in SENTIMENTS)


def implied_sentiment(emotion: tuple[float, ...]) -> tuple[float, ...]:
    """What MELD's scheme says of a corpus that has no sentiment of its own; a surprise is half good, half bad."""
    shares = np.zeros(len(SENTIMENTS))
    for label, probability in zip(EMOTIONS, emotion, strict=True):
        for sentiment in SENTIMENTS_OF[label]:
            shares[SENTIMENTS.index(sentiment)] += probability / len(SENTIMENTS_OF[label])
    return tuple(float(s) for s in shares)


def emotions(samples: list[Sample]) -> Float32:
    """[n, 7]."""
    return np.array([s.emotion for s in samples], np.float32).reshape(-1, len(EMOTIONS))


def sentiments(samples: list[Sample]) -> Float32:
    """[n, 3]."""
    return np.array([s.sentiment for s in samples], np.float32).reshape(-1, len(SENTIMENTS))


def select(samples: list[Sample], split: Split, limit: int | None) -> list[Sample]:
    """One split; where there is a limit, that many of each corpus, evenly spread so that the labels vary."""
    chosen = [s for s in samples if s.split == split]
    if limit is None:
        return chosen
    kept: list[Sample] = []
    for corpus in dict.fromkeys(s.corpus for s in chosen):
        own = [s for s in chosen if s.corpus == corpus]
        kept += [own[int(i)] for i in np.unique(np.linspace(0, len(own) - 1, min(limit, len(own))).round())]
    return kept
