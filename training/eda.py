"""MELD looked at before anything is trained on it: one function per picture or table, for the report and the notebook alike."""

from collections import Counter
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.labels import EMOTIONS, SENTIMENTS
from training.corpora.meld_defects import count, known_defects, shared_spans
from training.corpora.meld_rows import MeldSplit, Row, Table
from training.evaluate_clips import MAIN_SPEAKERS
from training.pictures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cells = list[tuple[str, ...]]
"""A table: its header, then its rows."""


def label_shares(tables: list[Table]) -> "Figure":
    """Share of each emotion and each sentiment, by split."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2, width_ratios=(7, 3))
    for axes, names, column in ((left, EMOTIONS, "emotion"), (right, SENTIMENTS, "sentiment")):
        places, wide = np.arange(len(names)), 0.8 / len(tables)
        for number, table in enumerate(tables):
            counts = Counter(getattr(row, column) for row in table.rows)
            shares = [100 * counts[name] / len(table.rows) for name in names]
            axes.bar(places + number * wide, shares, wide, label=split_of(table))
        axes.set_xticks(places + 0.4 - wide / 2, names, rotation=30, ha="right")
        axes.set_ylabel("share, %")
    left.set_title("emotion")
    right.set_title("sentiment")
    right.legend()
    return figure


def lengths(tables: list[Table]) -> "Figure":
    """How many words and how many seconds an utterance has, by split; the last bin holds all that is longer."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    for table in tables:
        words = np.minimum([len(row.text.split()) for row in table.rows], 40)
        seconds = np.minimum([row.end_s - row.start_s for row in table.rows], 15.0)
        left.hist(words, np.arange(1, 43), density=True, histtype="step", label=split_of(table))
        right.hist(seconds, np.arange(0, 15.5, 0.5), density=True, histtype="step", label=split_of(table))
    left.set_xlabel("words")
    right.set_xlabel("seconds")
    left.legend()
    return figure


def speakers(tables: list[Table], most: int = 15) -> "Figure":
    """Who speaks how much."""
    counts = Counter(row.speaker for table in tables for row in table.rows)
    total = counts.total()
    names, shares = zip(*((name, 100 * n / total) for name, n in counts.most_common(most)), strict=True)
    figure = new_figure(8, 4)
    axes = figure.subplots()
    axes.bar(names, shares, color=["tab:blue" if name in MAIN_SPEAKERS else "tab:gray" for name in names])
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_ylabel("share of utterances, %")
    axes.set_title(f"{len(counts)} speakers; the six main ones have {100 * _main_share(counts):.0f} %")
    return figure


def _main_share(counts: Counter[str]) -> float:
    return sum(counts[name] for name in MAIN_SPEAKERS) / counts.total()


def transition_shares(rows: list[Row]) -> NDArray[np.float64]:
    """[7, 7]: of the utterances that follow one of an emotion (row) in its dialogue, the share of each emotion (column)."""
    counts = np.zeros((len(EMOTIONS), len(EMOTIONS)))
    for _, dialogue in groupby(rows, key=lambda row: (row.split, row.dialogue)):
        for before, after in pairwise(dialogue):
            counts[EMOTIONS.index(before.emotion), EMOTIONS.index(after.emotion)] += 1
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return shares


def transitions(tables: list[Table]) -> "Figure":
    """`transition_shares` of all splits as a picture."""
    shares = transition_shares([row for table in tables for row in table.rows])
    figure = new_figure(6.5, 5.5)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.set_xlabel("next utterance")
    axes.set_ylabel("utterance")
    for row, column in np.ndindex(*shares.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", color=colour)
    axes.set_title("emotion of the next utterance of the dialogue, %")
    return figure


def imbalance(tables: list[Table]) -> Cells:
    """Counts by class and split, and how many times rarer than the largest a class is."""
    header = ("emotion", *(split_of(table) for table in tables), "rarer than the largest (train)")
    counts = [Counter(row.emotion for row in table.rows) for table in tables]
    most = max(counts[0].values())
    return [
        header,
        *(
            (name, *(str(c[name]) for c in counts), f"{most / counts[0][name]:.1f} x" if counts[0][name] else "absent")
            for name in EMOTIONS
        ),
    ]


def oddities(tables: list[Table]) -> Cells:
    """What is odd about the times and numbers of each split."""
    found = [(split_of(table), count(table.rows)) for table in tables]
    names = found[0][1].__struct_fields__
    return [("", *(split for split, _ in found)), *((n, *(str(getattr(c, n)) for _, c in found)) for n in names)]


def defects(tables: list[Table]) -> Cells:
    """Clips that are known to be wrong, and seconds that stand in two splits, whatever the manifest says."""
    splits = {split_of(table) for table in tables}
    clips: Cells = [
        (f"{d.split} dia{d.dialogue}_utt{d.utterance}", d.kind.replace("_", " "), d.why)
        for d in known_defects().clip
        if d.split in splits
    ]
    spans: Cells = [
        (
            " = ".join(f"{row.split} {row.name}" for row in shared.rows),
            "in two splits",
            "same label" if shared.same_label else " / ".join(row.emotion for row in shared.rows),
        )
        for shared in shared_spans([row for table in tables for row in table.rows])
    ]
    return [("clip", "defect", "detail"), *clips, *spans]


def agreement_with_sentiment(tables: list[Table]) -> Cells:
    """How often a sentiment goes with an emotion: all but surprise decide it."""
    pairs = Counter((row.emotion, row.sentiment) for table in tables for row in table.rows)
    return [("emotion", *SENTIMENTS), *((e, *(str(pairs[e, s]) for s in SENTIMENTS)) for e in EMOTIONS)]


def repeated_words(tables: list[Table]) -> Cells:
    """Utterances whose very words occur in another split, and how many of those words carry one emotion only."""
    labels: dict[str, set[str]] = {}
    splits: dict[str, set[MeldSplit]] = {}
    for table in tables:
        for row in table.rows:
            labels.setdefault(row.text, set()).add(row.emotion)
            splits.setdefault(row.text, set()).add(row.split)
    repeated = [text for text, found in splits.items() if len(found) > 1]
    alike = sum(len(labels[text]) == 1 for text in repeated)
    return [("texts in several splits", "of those, always of one emotion"), (str(len(repeated)), str(alike))]


def split_of(table: Table) -> MeldSplit:
    """Which split a table is."""
    return table.rows[0].split
