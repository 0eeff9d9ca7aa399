"""Classification figures in NumPy, and their bootstrap intervals."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Figure = Callable[[Labels, Labels], float]
"""True and predicted labels, [n] each -> one figure."""


def accuracy(true: Labels, predicted: Labels) -> float:
    """Share of samples that are right."""
    return float((true == predicted).mean())


def weighted_f1(true: Labels, predicted: Labels) -> float:
    """F1 per class, weighted by how many samples are truly of it."""
    support, f1, _ = _per_class(true, predicted)
    return float((f1 * support).sum() / support.sum())


def weighted_precision(true: Labels, predicted: Labels) -> float:
    """Precision per class, weighted by how many samples are truly of it."""
    counts = confusion(true, predicted)
    precision = counts.diagonal() / np.maximum(counts.sum(0), 1)
    return float((precision * counts.sum(1)).sum() / counts.sum())


def macro_f1(true: Labels, predicted: Labels) -> float:
    """F1 per class, averaged over the classes that occur in truth."""
    support, f1, _ = _per_class(true, predicted)
    return float(f1[support > 0].mean())


def unweighted_recall(true: Labels, predicted: Labels) -> float:
    """Recall per class, averaged over the classes that occur in truth."""
    support, _, recall = _per_class(true, predicted)
    return float(recall[support > 0].mean())


def recall_of(label: int) -> Figure:
    """Recall of one class; 0 where none was truly of it."""
    return lambda true, predicted: float(((predicted == label) & (true == label)).sum() / max((true == label).sum(), 1))


def f1_of(label: int) -> Figure:
    """F1 of one class; 0 where it neither occurs nor is predicted."""

    def f1(true: Labels, predicted: Labels) -> float:
        right = 2 * ((predicted == label) & (true == label)).sum()
        return float(right / max((true == label).sum() + (predicted == label).sum(), 1))

    return f1


def confusion(true: Labels, predicted: Labels, classes: int | None = None) -> NDArray[np.float64]:
    """[classes, classes] counts, true by predicted; as many classes as occur where the number is not given."""
    classes = classes or int(max(true.max(initial=0), predicted.max(initial=0))) + 1
    counts = np.bincount(true * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.float64)


def _per_class(true: Labels, predicted: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    counts = confusion(true, predicted)
    right, support, chosen = counts.diagonal(), counts.sum(1), counts.sum(0)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(support + chosen, 1)
    return support, f1, recall


def calibration_error(probs: NDArray[np.float64], true: Labels, bins: int = 15) -> float:
    """Expected calibration error of the most probable label, [n, classes] probabilities, over bins of equal width."""
    confidence, predicted = probs.max(1), probs.argmax(1)
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    right = (predicted == true).astype(np.float64)
    gaps = [abs(confidence[which == b].sum() - right[which == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(true))


class Interval(NamedTuple):
    """A figure and where it lies in 95 % of bootstrap samples."""

    value: float
    low: float
    high: float


def bootstrap(figure: Figure, true: Labels, predicted: Labels, *, rounds: int = 1000, seed: int = 17) -> Interval:
    """The figure on all samples, and the 2.5th and 97.5th percentile of it on samples drawn with replacement."""
    rng = np.random.default_rng(seed)
    drawn = [figure(true[i], predicted[i]) for i in (rng.integers(len(true), size=len(true)) for _ in range(rounds))]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(figure(true, predicted), float(low), float(high))


class Difference(NamedTuple):
    """One figure of a second network less that of a first, on the same samples."""

    value: float
    low: float
    high: float
    """Where it lies in 95 % of bootstrap samples."""
    p: float
    """Two-sided: twice the share of bootstrap samples on the other side of 0."""


def paired_bootstrap(
    figure: Figure, true: Labels, first: Labels, second: Labels, *, rounds: int = 2000, seed: int = 17
) -> Difference:
    """Both are measured on the same samples, drawn with replacement: what is hard is hard for both."""
    rng = np.random.default_rng(seed)
    draws = (rng.integers(len(true), size=len(true)) for _ in range(rounds))
    drawn = np.array([figure(true[i], second[i]) - figure(true[i], first[i]) for i in draws])
    low, high = np.percentile(drawn, (2.5, 97.5))
    p = min(1.0, 2 * min(float((drawn <= 0).mean()), float((drawn >= 0).mean())))
    return Difference(figure(true, second) - figure(true, first), float(low), float(high), p)
