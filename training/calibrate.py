"""Temperatures and conformal thresholds, one set per subset of modalities, on samples that trained nothing.

Subsets with text are calibrated on MELD's held-out dialogues (a voice or face is lent, see `training.tuples`), voice alone on
unseen speakers, face alone on unseen pictures, voice with face on unseen speakers with a face lent.
"""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize

from streamer.calibration import Calibration, joint_probs
from streamer.features.arrays import Float32, Int64
from streamer.labels import MODALITIES, Modality, subset_name
from training.runner import Runner, Scores
from training.tuples import Tuples

SUBSETS: tuple[frozenset[Modality], ...] = tuple(frozenset(c) for n in (1, 2, 3) for c in combinations(MODALITIES, n))

_LOG_TEMPERATURES: Final = (-2.0, 3.0)
"""A network that knows nothing would be best at an infinite one."""


class HeldOut(NamedTuple):
    """What the network says of held-out tuples of one subset, and the truth."""

    scores: Scores
    emotion: Int64
    """[n]."""
    sentiment: Int64
    """[n]."""


def held_out_scores(
    runner: Runner,
    tuples: Tuples,
    subset: frozenset[Modality],
    *,
    heard: frozenset[Modality] | None = None,
    seed: int = 17,
) -> HeldOut:
    """One tuple per sample of the subset's first modality, always the same ones; of each, what is `heard`, by default all."""
    anchor = next(m for m in MODALITIES if m in subset)
    samples = tuples.pools[anchor].samples
    made = tuples.make(
        [(anchor, i) for i in range(len(samples))],
        [subset] * len(samples),
        np.random.default_rng(seed),
        augmented=False,
    )
    for modality, there in made.items():
        if heard is not None and modality not in heard:
            there.mask[:] = 0
    truth = (np.array([s.label for s in samples], np.int64), np.array([s.sentiment_label for s in samples], np.int64))
    return HeldOut(runner.fuse(made), *truth)


def calibrate(runner: Runner, tuples: Tuples, coverage: float) -> dict[str, Calibration]:
    """Fit every subset."""
    return {subset_name(subset): fit(held_out_scores(runner, tuples, subset), coverage) for subset in SUBSETS}


def fit(found: HeldOut, coverage: float) -> Calibration:
    """Both temperatures together, by likelihood of the joint distribution's marginals; then the thresholds."""
    emotion, sentiment = found.scores.emotion_logits, found.scores.sentiment_logits
    rows = np.arange(len(emotion))

    def negative_log_likelihood(log_temperatures: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        of_emotion, of_sentiment = (float(t) for t in np.exp(np.clip(log_temperatures, *_LOG_TEMPERATURES)))
        tried = Calibration(of_emotion, of_sentiment)
        joint = joint_probs(emotion, sentiment, tried)
        emotion_p, sentiment_p = joint.sum(2)[rows, found.emotion], joint.sum(1)[rows, found.sentiment]
        return float(-np.log(emotion_p + 1e-9).mean() - np.log(sentiment_p + 1e-9).mean())

    best = minimize(
        negative_log_likelihood, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-5}
    ).x
    of_emotion, of_sentiment = (float(t) for t in np.exp(np.clip(best, *_LOG_TEMPERATURES)))
    joint = joint_probs(emotion, sentiment, Calibration(of_emotion, of_sentiment))
    return Calibration(
        emotion_temperature=of_emotion,
        sentiment_temperature=of_sentiment,
        emotion_threshold=threshold(1 - joint.sum(2)[rows, found.emotion], coverage),
        sentiment_threshold=threshold(1 - joint.sum(1)[rows, found.sentiment], coverage),
        coverage=coverage,
    )


def threshold(scores: Float32, coverage: float) -> float:
    """The split-conformal quantile of [n] scores: the ceil((n + 1) coverage)-th smallest; 1 where n is too small for it."""
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return 1.0 if rank > len(scores) else float(np.sort(scores)[rank - 1])
