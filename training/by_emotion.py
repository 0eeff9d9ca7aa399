"""One emotion at a time: how well each is found, and what it is taken for instead."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from streamer.bundle import Metric
from streamer.labels import EMOTIONS
from training.metrics import Figure, Labels, bootstrap, confusion

F1: Final = "emotion F1"
RECALL: Final = "emotion recall"
TAKEN_FOR: Final = "taken for "
"""Begins the name of a figure that is a mistake."""


class OfEmotion(NamedTuple):
    """A figure of one emotion's samples."""

    emotion: str
    n: int
    """Samples that are truly of it."""
    value: float
    low: float
    high: float
    """Where the figure lies in 95 % of bootstrap samples, as `metrics.Interval`."""


class Mistake(NamedTuple):
    """What one emotion is mostly taken for when it is not found."""

    emotion: str
    taken_for: str
    n: int
    """Samples that are truly of it."""
    share: float
    """Of those."""


def by_emotion(figure_of: Callable[[int], Figure], true: Labels, predicted: Labels) -> list[OfEmotion]:
    """The figure of each emotion that occurs, with its bootstrap interval."""
    counts = np.bincount(true, minlength=len(EMOTIONS))
    return [
        OfEmotion(name, int(counts[label]), *bootstrap(figure_of(label), true, predicted))
        for label, name in enumerate(EMOTIONS)
        if counts[label]
    ]


def mistakes(true: Labels, predicted: Labels, *, most: int) -> list[Mistake]:
    """The largest shares of an emotion that are taken for one certain other, largest first, one for each emotion."""
    counts = confusion(true, predicted, len(EMOTIONS))
    support = counts.sum(1)
    np.fill_diagonal(counts, 0.0)
    shares = counts / np.maximum(support, 1)[:, None]
    worst = [
        Mistake(EMOTIONS[label], EMOTIONS[int(row.argmax())], int(support[label]), float(row.max()))
        for label, row in enumerate(shares)
        if row.any()
    ]
    return sorted(worst, key=lambda mistake: -mistake.share)[:most]


class Row(NamedTuple):
    """One figure of one set, emotion by emotion."""

    data: str
    modalities: str
    name: str
    metrics: dict[str, Metric]
    """By emotion; without those that the set does not have."""


def rows(metrics: Iterable[Metric]) -> list[Row]:
    """The figures that are of one emotion, mistakes left out."""
    ours = (m for m in metrics if m.of and not m.name.startswith(TAKEN_FOR))
    groups = groupby(ours, key=lambda m: (m.data, m.modalities, m.name))
    return [Row(*key, {m.of: m for m in group}) for key, group in groups]
