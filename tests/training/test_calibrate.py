"""Temperatures undo over-confidence; thresholds cover what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.calibration import decide
from streamer.labels import EMOTIONS
from training.calibrate import HeldOut, fit, threshold
from training.runner import Scores


def _held_out(n: int, sharpness: float) -> HeldOut:
    """Emotion labels drawn from known probabilities; the logits are those, made too sharp. Sentiment follows the emotion."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (n, 7))
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    emotion = np.array([rng.choice(7, p=p) for p in probs])
    sentiment = np.array([{0: 0, 1: 0, 2: 0, 3: 2, 4: 1, 5: 0, 6: 2}[int(e)] for e in emotion])
    flat = np.zeros((n, 3), np.float32)
    return HeldOut(Scores((logits * sharpness).astype(np.float32), flat, flat), emotion, sentiment)


def test_a_network_that_is_three_times_too_sure_gets_a_temperature_of_about_three() -> None:
    assert fit(_held_out(3000, 3.0), 0.9).emotion_temperature == pytest.approx(3.0, rel=0.2)


def test_the_head_of_the_sentiment_gets_a_temperature_of_its_own() -> None:
    """Of surprises, whose sentiment nothing else tells."""
    rng = np.random.default_rng(0)
    surprise, logits = EMOTIONS.index("surprise"), rng.normal(0, 1.5, (3000, 3))
    good = rng.random(3000) < 1 / (1 + np.exp(logits[:, 0] - logits[:, 2]))
    scores = Scores(
        *(part.astype(np.float32) for part in (np.tile(np.eye(7)[surprise] * 30, (3000, 1)), 3 * logits, logits))
    )
    fitted = fit(HeldOut(scores, np.full(3000, surprise), np.where(good, 2, 0)), 0.8)
    assert fitted.sentiment_temperature == pytest.approx(3.0, rel=0.2)
    assert fitted.coverage == 0.8


def test_prediction_sets_cover_what_they_promise_on_other_samples() -> None:
    found = _held_out(6000, 2.0)
    half = 3000
    first, second = (
        HeldOut(Scores(*(part[side] for part in found.scores)), found.emotion[side], found.sentiment[side])
        for side in (slice(half), slice(half, None))
    )
    decisions = decide(*second.scores[:2], fit(first, 0.9))
    covered = np.mean([t in d.emotion_set for d, t in zip(decisions, second.emotion, strict=True)])
    assert 0.87 < covered < 0.95


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0.5, 0.99))
def test_a_threshold_covers_at_least_its_share_of_the_scores_that_made_it(scores: list[float], coverage: float) -> None:
    assert np.mean(np.array(scores) <= threshold(np.array(scores), coverage)) >= coverage


def test_too_few_samples_for_a_promise_cover_everything() -> None:
    assert threshold(np.array([0.1, 0.2]), 0.9) == 1.0


def test_a_threshold_is_the_score_at_its_rank_among_one_more_than_there_are() -> None:
    assert threshold(np.arange(9, dtype=np.float32)[::-1], 0.9) == 8.0  # the ninth of ten
    assert threshold(np.arange(99, dtype=np.float32)[::-1], 0.9) == 89.0
