"""A clip's session is of other clips, of the same speaker unless it is said otherwise."""

import numpy as np

from streamer.features.arrays import Float32
from streamer.labels import Emotion
from training.samples import Sample, emotion_of, implied_sentiment
from training.sessions import SessionAugment, Sessions

SPEAKERS = ("ann", "ann", "ann", "bob", "bob", "bob")
LABELS: tuple[Emotion, ...] = ("joy", "neutral", "anger") * 2
ALWAYS = SessionAugment(alone=0, neutral=0, others=0)


def _sample(index: int, emotion: Emotion) -> Sample:
    label = emotion_of(emotion)
    return Sample(
        corpus="made",
        key=str(index),
        split="train",
        emotion=label,
        sentiment=implied_sentiment(label),
        speaker=SPEAKERS[index],
    )


SAMPLES = [_sample(i, label) for i, label in enumerate(LABELS)]
NUMBERED: Float32 = np.arange(6, dtype=np.float32)[:, None]
"""A spectrum of one band that says which clip it is of."""


def _drawn(config: SessionAugment, index: int = 0) -> list[set[int]]:
    sessions, rng = Sessions(SAMPLES, NUMBERED), np.random.default_rng(0)
    return [{int(v) for v in sessions.drawn(index, config, rng)[:, 0]} for _ in range(200)]


def test_what_was_heard_before_is_of_the_same_speaker_and_never_the_clip_itself() -> None:
    assert set().union(*_drawn(ALWAYS)) == {1, 2}


def test_some_are_heard_alone_some_after_neutral_ones_some_after_other_people() -> None:
    alone = SessionAugment(alone=0.5, neutral=0, others=0)
    assert 60 < sum(not heard for heard in _drawn(alone)) < 140
    assert set().union(*_drawn(SessionAugment(alone=0, neutral=1, others=0))) == {1}
    assert set().union(*_drawn(SessionAugment(alone=0, neutral=0, others=1))) == {1, 2, 3, 4, 5}


def test_a_session_that_is_measured_is_always_the_same() -> None:
    first, second = (Sessions(SAMPLES, NUMBERED).fixed(4, 2) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert {int(v) for v in first[:, 0]} == {3, 5}


def test_somebody_else_is_one_other_speaker() -> None:
    sessions = Sessions(SAMPLES, NUMBERED)
    assert {int(v) for v in sessions.of_another(0, 8)[:, 0]} == {3, 4, 5}
    assert not len(Sessions(SAMPLES[:3], NUMBERED[:3]).of_another(0, 8))
