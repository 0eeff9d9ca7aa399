"""Temperatures undo over-confidence; thresholds cover what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.calibration import COMPATIBLE, decide
from training.calibrate import HeldOut, fit, threshold
from training.runner import Scores


def _held_out(n: int, sharpness: float) -> HeldOut:
    """Pairs drawn from known probabilities, every sentiment as likely as its emotion allows; the logits are those, made too sharp."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (n, 7))
    joint = np.exp(logits)[:, :, None] * COMPATIBLE
    pairs = np.array([rng.choice(21, p=pair.ravel() / pair.sum()) for pair in joint])
    emotion, sentiment = pairs // 3, pairs % 3
    flat = np.zeros((n, 3), np.float32)
    scores = Scores((logits * sharpness).astype(np.float32), flat, flat)
    return HeldOut(scores, emotion, sentiment, np.array([f"dialogue {i // 10}" for i in range(n)]))


def _part(found: HeldOut, side: slice) -> HeldOut:
    scores = Scores(*(part[side] for part in found.scores))
    return HeldOut(scores, found.emotion[side], found.sentiment[side], found.groups[side])


def test_a_network_that_is_three_times_too_sure_gets_a_temperature_of_about_three() -> None:
    assert fit(_held_out(3000, 3.0), 0.9).emotion_temperature == pytest.approx(3.0, rel=0.2)


def test_prediction_sets_cover_what_they_promise_on_other_samples() -> None:
    found = _held_out(6000, 2.0)
    half = 3000
    first, second = (_part(found, side) for side in (slice(half), slice(half, None)))
    decisions = decide(*second.scores[:2], fit(first, 0.9))
    covered = np.mean([t in d.emotion_set for d, t in zip(decisions, second.emotion, strict=True)])
    assert 0.87 < covered < 0.95


def test_what_an_emotion_lost_to_the_weights_of_training_is_given_back() -> None:
    found = _held_out(3000, 1.0)
    logits = found.scores.emotion_logits.copy()
    logits[:, 4] -= 1.5
    fitted = fit(found._replace(scores=found.scores._replace(emotion_logits=logits)), 0.9)
    bias = np.array(fitted.emotion_bias)
    assert bias[4] - np.delete(bias, 4).mean() == pytest.approx(1.5, abs=0.3)


def test_a_network_that_lost_nothing_gets_no_biases() -> None:
    assert fit(_held_out(3000, 1.0), 0.9).emotion_bias == ()


def test_frequencies_that_differ_from_speaker_to_speaker_are_no_reason_for_a_bias() -> None:
    found = _held_out(400, 1.0)
    first = np.arange(400) < 200
    often = np.where(first, found.emotion == 0, found.emotion == 3)
    one_sided = np.flatnonzero(often | (np.random.default_rng(1).random(400) < 0.1))
    speakers = np.where(first, "ann", "bob")
    scores = Scores(*(part[one_sided] for part in found.scores))
    held_out = HeldOut(scores, found.emotion[one_sided], found.sentiment[one_sided], speakers[one_sided])
    assert fit(held_out, 0.9).emotion_bias == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0.5, 0.99))
def test_a_threshold_covers_at_least_its_share_of_the_scores_that_made_it(scores: list[float], coverage: float) -> None:
    assert np.mean(np.array(scores) <= threshold(np.array(scores), coverage)) >= coverage


def test_too_few_samples_for_a_promise_cover_everything() -> None:
    assert threshold(np.array([0.1, 0.2]), 0.9) == 1.0
