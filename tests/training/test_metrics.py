"""Figures are those of scikit-learn; intervals hold their figure."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score, recall_score

from training.metrics import (
    accuracy,
    bootstrap,
    calibration_error,
    f1_of,
    macro_f1,
    paired_bootstrap,
    recall_of,
    unweighted_recall,
    weighted_f1,
    weighted_precision,
)

LABELS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


@given(LABELS)
def test_figures_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    seen = sorted(set(true.tolist()))
    assert accuracy(true, predicted) == pytest.approx(accuracy_score(true, predicted))
    assert weighted_f1(true, predicted) == pytest.approx(f1_score(true, predicted, average="weighted", zero_division=0))
    assert macro_f1(true, predicted) == pytest.approx(
        f1_score(true, predicted, average="macro", labels=seen, zero_division=0)
    )
    assert weighted_precision(true, predicted) == pytest.approx(
        precision_score(true, predicted, average="weighted", zero_division=0)
    )
    if set(predicted.tolist()) <= set(seen) and len(seen) > 1:  # scikit-learn warns of one class alone
        assert unweighted_recall(true, predicted) == pytest.approx(balanced_accuracy_score(true, predicted))


@given(LABELS, st.integers(0, 6))
@example([(0, 0), (0, 1)], 0)  # half of the truth is found, and all that is said is right
def test_figures_of_one_class_agree_with_scikit_learn(pairs: list[tuple[int, int]], label: int) -> None:
    true, predicted = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    (recall,) = recall_score(true, predicted, labels=[label], average=None, zero_division=0)
    (f1,) = f1_score(true, predicted, labels=[label], average=None, zero_division=0)
    assert recall_of(label)(true, predicted) == pytest.approx(recall)
    assert f1_of(label)(true, predicted) == pytest.approx(f1)


def test_an_interval_holds_its_figure_and_is_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 200)
    predicted = np.where(rng.random(200) < 0.7, true, rng.integers(0, 3, 200))
    found = bootstrap(accuracy, true, predicted, rounds=200)
    assert found.low < found.value < found.high
    assert found == bootstrap(accuracy, true, predicted, rounds=200)


def test_a_network_that_is_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    probs = np.tile([0.8, 0.2], (1000, 1))
    true = (np.arange(1000) >= 800).astype(np.int64)
    assert calibration_error(probs, true) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(probs, np.zeros(1000, np.int64)) == pytest.approx(0.2)


def test_a_network_that_is_certain_and_wrong_has_the_whole_calibration_error() -> None:
    assert calibration_error(np.tile([1.0, 0.0], (10, 1)), np.ones(10, np.int64)) == pytest.approx(1.0)


def test_a_second_network_is_better_only_where_the_same_samples_say_so() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 300)
    first = np.where(rng.random(300) < 0.6, true, (true + 1) % 3)
    better = np.where(rng.random(300) < 0.3, true, first)
    found = paired_bootstrap(accuracy, true, first, better, rounds=300)
    assert 0 < found.low < found.value < found.high
    assert found.p < 0.01
    same = paired_bootstrap(accuracy, true, first, first, rounds=100)
    assert same == (0, 0, 0, 1)


def test_intervals_hold_95_percent_and_the_share_of_chance_is_of_both_sides() -> None:
    true = np.zeros(400, np.int64)
    first, second = (np.isin(np.arange(400), wrong).astype(np.int64) for wrong in (range(40), range(40, 68)))
    found = paired_bootstrap(accuracy, true, first, second)
    spread = np.sqrt((68 / 400 - 0.03**2) / 400)  # of the difference, by the normal distribution
    assert found.value == pytest.approx(0.03)
    assert (found.low, found.high) == pytest.approx((0.03 - 1.96 * spread, 0.03 + 1.96 * spread), abs=0.003)
    assert found.p == pytest.approx(0.145, abs=0.03)  # 1.46 spreads from 0
    alone = bootstrap(accuracy, true, first)
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * np.sqrt(0.1 * 0.9 / 400), rel=0.06)
