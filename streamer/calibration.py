"""From logits to what is published: calibrated probabilities, one consistent pair of labels, prediction sets.

Emotion and sentiment never contradict each other: the two heads are multiplied into one joint distribution over the pairs that
MELD's scheme allows (`labels.SENTIMENTS_OF`), and both probability vectors are its marginals. The emotion's label is the most
probable one, the sentiment's the more probable of those that this emotion allows. Probabilities are temperature-scaled (Guo et al.,
2017) and prediction sets are split-conformal with the score 1 - p(label) (Sadinle, Lei & Wasserman, 2019), one set of numbers for
each subset of modalities, since a network that hears less is less sure.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streamer.features.arrays import Float32, Float64
from streamer.labels import EMOTIONS, SENTIMENTS, SENTIMENTS_OF

COMPATIBLE: Float32 = np.array([[s in SENTIMENTS_OF[e] for s in SENTIMENTS] for e in EMOTIONS], np.float32)
"""[7, 3], 1 where the pair can occur."""
_SHARES: Float64 = COMPATIBLE / COMPATIBLE.sum(axis=1, keepdims=True, dtype=np.float64)
"""[7, 3]: where an emotion leaves the sentiment open, each has its part of it. Without that, surprise would count twice."""
_NO_BIAS: Final = {labels: (0.0,) * len(labels) for labels in (EMOTIONS, SENTIMENTS)}
_NEUTRAL: Final = EMOTIONS.index("neutral")


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fitted on data that neither trained the network nor measures it."""

    emotion_temperature: float = 1.0
    sentiment_temperature: float = 1.0
    emotion_bias: tuple[float, ...] = ()
    """Added to the emotion logits after the temperature, [7]; empty for none."""
    sentiment_bias: tuple[float, ...] = ()
    emotion_threshold: float = 1.0
    """A label is in the prediction set where 1 - p(label) is at most this."""
    sentiment_threshold: float = 1.0
    coverage: float = 0.9
    """Share of true labels that the sets hold."""


class Decision(NamedTuple):
    """What is said of one utterance. Probabilities are float64 and sum to 1."""

    emotion_probs: tuple[float, ...]
    sentiment_probs: tuple[float, ...]
    emotion: int
    sentiment: int
    emotion_set: tuple[int, ...]
    sentiment_set: tuple[int, ...]


def joint_probs(
    emotion_logits: Float32 | Float64, sentiment_logits: Float32 | Float64, calibration: Calibration
) -> Float64:
    """[n, 7] and [n, 3] -> [n, 7, 3]: the product of both heads over the pairs that can occur, each sample summing to 1.

    A sentiment head that says nothing leaves the emotions as their own head has them.
    """
    return _joint_probs(emotion_logits, sentiment_logits, [calibration])


def _joint_probs(
    emotion_logits: Float32 | Float64, sentiment_logits: Float32 | Float64, calibrations: Sequence[Calibration]
) -> Float64:
    """`calibrations`: one for all samples, or one for each."""
    emotion_t = np.array([[c.emotion_temperature] for c in calibrations])
    sentiment_t = np.array([[c.sentiment_temperature] for c in calibrations])
    emotion = emotion_logits / emotion_t + np.array([c.emotion_bias or _NO_BIAS[EMOTIONS] for c in calibrations])
    sentiment = sentiment_logits / sentiment_t + np.array(
        [c.sentiment_bias or _NO_BIAS[SENTIMENTS] for c in calibrations]
    )
    scores = emotion[:, :, None] + sentiment[:, None, :]
    scores = np.where(COMPATIBLE > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=(1, 2), keepdims=True)) * _SHARES
    joint: Float64 = weights / weights.sum(axis=(1, 2), keepdims=True)
    return joint


def decide(emotion_logits: Float32, sentiment_logits: Float32, calibration: Calibration) -> list[Decision]:
    """[n, 7] and [n, 3] logits -> n decisions."""
    return decide_each(emotion_logits, sentiment_logits, [calibration] * len(emotion_logits))


def decide_each(
    emotion_logits: Float32, sentiment_logits: Float32, calibrations: Sequence[Calibration]
) -> list[Decision]:
    """As `decide`, each sample by its own of n calibrations."""
    joint = _joint_probs(emotion_logits.astype(np.float64), sentiment_logits.astype(np.float64), calibrations)
    return [_decision(sample, calibration) for sample, calibration in zip(joint, calibrations, strict=True)]


def _decision(joint: Float64, calibration: Calibration) -> Decision:
    # Lists: of ten numbers, arrays give one at a time slowly.
    emotion_probs: list[float] = joint.sum(axis=1).tolist()
    sentiment_probs: list[float] = joint.sum(axis=0).tolist()
    # Neutral before its equals: where nothing could be judged, the first of the alphabet would be a guess.
    emotion = max(range(len(EMOTIONS)), key=lambda e: (emotion_probs[e], e == _NEUTRAL))
    sentiment = int(joint[emotion].argmax())
    return Decision(
        tuple(emotion_probs),
        tuple(sentiment_probs),
        emotion,
        sentiment,
        _set(emotion_probs, calibration.emotion_threshold, emotion),
        _set(sentiment_probs, calibration.sentiment_threshold, sentiment),
    )


def _set(probs: list[float], threshold: float, label: int) -> tuple[int, ...]:
    """Most probable first; never without the label itself."""
    order = sorted(range(len(probs)), key=lambda i: -probs[i])
    return tuple(i for i in order if 1 - probs[i] <= threshold or i == label)
