"""One emotion at a time."""

import numpy as np

from streamer.bundle import Metric
from streamer.labels import EMOTIONS
from training.by_emotion import TAKEN_FOR, by_emotion, mistakes, rows
from training.metrics import recall_of


def _labels(*names: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([EMOTIONS.index(name) for name in names], np.int64)


TRUE = _labels("fear", "fear", "fear", "fear", "joy", "joy", "anger")
SAID = _labels("fear", "sadness", "sadness", "anger", "joy", "anger", "anger")


def test_each_emotion_that_occurs_has_its_figure_and_its_number_of_samples() -> None:
    found = by_emotion(recall_of, TRUE, SAID)
    assert [(one.emotion, one.n, one.value) for one in found] == [
        ("anger", 1, 1.0),
        ("fear", 4, 0.25),
        ("joy", 2, 0.5),
    ]


def test_the_largest_mistakes_come_first_and_one_emotion_has_one() -> None:
    found = mistakes(TRUE, SAID, most=5)
    assert [(m.emotion, m.taken_for, m.n, m.share) for m in found] == [
        ("fear", "sadness", 4, 0.5),
        ("joy", "anger", 2, 0.5),
    ]
    assert mistakes(TRUE, TRUE, most=5) == []


def test_rows_gather_the_figures_of_emotions_and_leave_out_mistakes_and_totals() -> None:
    def metric(name: str, of: str) -> Metric:
        return Metric(name, 0.5, "made", "dev", "text", 3, of=of)

    (row,) = rows(
        [
            metric("emotion accuracy", ""),
            metric("emotion F1", "joy"),
            metric("emotion F1", "fear"),
            metric(f"{TAKEN_FOR}joy", "fear"),
        ]
    )
    assert (row.data, row.modalities, row.name) == ("made", "text", "emotion F1")
    assert list(row.metrics) == ["joy", "fear"]
