"""Temperatures, biases and conformal thresholds, one set per subset of modalities, on samples that trained nothing.

A network is trained with its classes weighted against their frequency; biases give back what frequency says, where that holds for
samples that they were not fitted on either: of dialogues and of faces it does, of corpora in which actors speak each emotion equally
often it does not.

Subsets with text are calibrated on MELD's held-out dialogues (a voice or face is lent, see `training.tuples`), voice alone on
unseen speakers, face alone on unseen pictures, voice with face on unseen speakers with a face lent.
"""

from itertools import combinations
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from streamer.calibration import Calibration, joint_probs
from streamer.features.arrays import Float64, Int64
from streamer.labels import EMOTIONS, MODALITIES, Modality, subset_name
from training.runner import Runner, Scores
from training.samples import Sample
from training.tuples import Tuples

SUBSETS: tuple[frozenset[Modality], ...] = tuple(frozenset(c) for n in (1, 2, 3) for c in combinations(MODALITIES, n))

_LOG_TEMPERATURES: Final = (-2.0, 3.0)
"""A network that knows nothing would be best at an infinite one."""
_BIASES: Final = (-3.0, 3.0)
_RIDGE: Final = 0.01
"""On the squared biases: an emotion that hardly occurs keeps about what the network gave it."""
_SEED: Final = 17


class HeldOut(NamedTuple):
    """What the network says of held-out tuples of one subset, and the truth."""

    scores: Scores
    emotion: Int64
    """[n]."""
    sentiment: Int64
    """[n]."""
    groups: NDArray[np.str_]
    """[n], who or what the samples share: halves that are held against each other have none in common."""


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
    return held_out(runner.fuse(made), samples)


def held_out(scores: Scores, samples: list[Sample]) -> HeldOut:
    """Scores of samples beside what is known of these."""
    return HeldOut(
        scores,
        np.array([s.label for s in samples], np.int64),
        np.array([s.sentiment_label for s in samples], np.int64),
        np.array([s.group for s in samples], np.str_),
    )


def calibrate(runner: Runner, tuples: Tuples, coverage: float) -> dict[str, Calibration]:
    """Fit every subset."""
    return {subset_name(subset): fit(held_out_scores(runner, tuples, subset), coverage) for subset in SUBSETS}


def fit(found: HeldOut, coverage: float) -> Calibration:
    """Temperatures, and biases where they help, by likelihood of the joint distribution's marginals; then the thresholds."""
    fitted = _likeliest(found, biased=_biases_help(found))
    emotion, sentiment = _of_truth(found, fitted)
    return msgspec.structs.replace(
        fitted,
        emotion_threshold=threshold(1 - emotion, coverage),
        sentiment_threshold=threshold(1 - sentiment, coverage),
        coverage=coverage,
    )


def _biases_help(found: HeldOut) -> bool:
    """Whether each half of the groups is likelier with the biases of the other half than without any."""
    groups = np.random.default_rng(_SEED).permutation(np.unique(found.groups))
    first = np.isin(found.groups, groups[: len(groups) // 2])
    if len(groups) < 2:
        return False
    loss = {
        biased: sum(
            _loss(_part(found, ~half), _likeliest(_part(found, half), biased=biased)) * float((~half).mean())
            for half in (first, ~first)
        )
        for biased in (False, True)
    }
    return loss[True] < loss[False]


def _part(found: HeldOut, rows: NDArray[np.bool_]) -> HeldOut:
    scores = Scores(*(part[rows] for part in found.scores))
    return HeldOut(scores, found.emotion[rows], found.sentiment[rows], found.groups[rows])


def _likeliest(found: HeldOut, *, biased: bool) -> Calibration:
    def calibration(values: Float64) -> Calibration:
        of_emotion, of_sentiment = (float(t) for t in np.exp(values[:2]))
        return Calibration(of_emotion, of_sentiment, emotion_bias=tuple(float(b) for b in values[2:]))

    def loss(values: Float64) -> float:
        return _loss(found, calibration(values)) + _RIDGE * float(np.square(values[2:]).sum())

    bounds = [_LOG_TEMPERATURES] * 2 + [_BIASES] * (len(EMOTIONS) if biased else 0)
    return calibration(minimize(loss, np.zeros(len(bounds)), method="L-BFGS-B", bounds=bounds).x)


def _loss(found: HeldOut, calibration: Calibration) -> float:
    return -sum(float(np.log(probs + 1e-9).mean()) for probs in _of_truth(found, calibration))


def _of_truth(found: HeldOut, calibration: Calibration) -> tuple[Float64, Float64]:
    """The probability of each sample's true emotion, and of its true sentiment, [n] each."""
    # In single precision the loss has steps, on which its slope is nothing.
    emotion, sentiment = (
        found.scores.emotion_logits.astype(np.float64),
        found.scores.sentiment_logits.astype(np.float64),
    )
    joint = joint_probs(emotion, sentiment, calibration)
    rows = np.arange(len(joint))
    return joint.sum(2)[rows, found.emotion], joint.sum(1)[rows, found.sentiment]


def threshold(scores: Float64, coverage: float) -> float:
    """The split-conformal quantile of [n] scores: the ceil((n + 1) coverage)-th smallest; 1 where n is too small for it."""
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return 1.0 if rank > len(scores) else float(np.sort(scores)[rank - 1])
