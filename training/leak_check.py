"""What balancing the classes before the split does to a figure: copies of one utterance in train and test, and a model that remembers.

TF-IDF of words and of letters under logistic regression, on MELD's words alone; the same model, the same data, three protocols.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from streamer.features.arrays import Int64
from streamer.features.text_pieces import clean
from streamer.labels import EMOTIONS
from training.corpora.meld_rows import read_table
from training.errors import TrainingError
from training.metrics import Interval, accuracy, bootstrap, macro_f1, weighted_f1

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_HELD_OUT: Final = 0.2
_SEED: Final = 17
_WORDS: Final = r"(?u)\b\w+\b|[!?]"


class Protocol(NamedTuple):
    """One way to come to a figure, and what it says."""

    name: str
    train: int
    test: int
    repeated: int
    """Test utterances whose very words, as the same row, are in train too."""
    accuracy: Interval
    weighted_f1: Interval
    macro_f1: Interval


def leak_check(data: Path) -> list[Protocol]:
    """The official split, a random split, and a random split of rows that were oversampled before it.

    Raises:
        TrainingError: the tables of train and dev are not there, or wrong.
    """
    (train_words, train_labels), (dev_words, dev_labels) = (_read(data, split) for split in ("train", "dev"))
    rows = np.arange(len(train_words) + len(dev_words))
    words, labels = [*train_words, *dev_words], np.concatenate([train_labels, dev_labels])
    rng = np.random.default_rng(_SEED)
    official = rows[: len(train_words)], rows[len(train_words) :]
    oversampled = _oversample(rows, labels, rng)
    fit_rows, test_rows = _split(oversampled, rng)
    honest_fit, honest_test = _split(rows, rng)
    return [
        _measure("official: train, reported on dev", *official, words, labels),
        _measure(
            "random split, then oversampling of train alone",
            _oversample(honest_fit, labels, rng),
            honest_test,
            words,
            labels,
        ),
        _measure("oversampling, then random split (the leak)", fit_rows, test_rows, words, labels),
    ]


def _read(data: Path, split: str) -> tuple[list[str], Int64]:
    table = read_table(data, "train" if split == "train" else "dev")
    if table is None:
        raise TrainingError(
            f"{data}: no {split}_sent_emo.csv there; --data is MELD's folder, or the one that holds meld/"
        )
    labels = np.array([EMOTIONS.index(row.emotion) for row in table.rows], np.int64)
    return [clean(row.text) for row in table.rows], labels


def _oversample(rows: Int64, labels: Int64, rng: np.random.Generator) -> Int64:
    """As many of each class as of the largest, by drawing rows again."""
    found = [rows[labels[rows] == label] for label in range(len(EMOTIONS))]
    most = max(map(len, found))
    return np.concatenate([np.concatenate([own, rng.choice(own, most - len(own))]) for own in found if len(own)])


def _split(rows: Int64, rng: np.random.Generator) -> tuple[Int64, Int64]:
    mixed = rng.permutation(rows)
    held_out = round(_HELD_OUT * len(rows))
    return mixed[held_out:], mixed[:held_out]


def _measure(name: str, fit: Int64, test: Int64, words: list[str], labels: Int64) -> Protocol:
    model = _model()
    model.fit([words[i] for i in fit], labels[fit])
    predicted = np.asarray(model.predict([words[i] for i in test]), np.int64)
    figures = (bootstrap(figure, labels[test], predicted, rounds=300) for figure in (accuracy, weighted_f1, macro_f1))
    return Protocol(name, len(fit), len(test), int(np.isin(test, fit).sum()), *figures)


def _model() -> "Pipeline":
    from sklearn.feature_extraction.text import TfidfVectorizer  # seconds that only this verb costs
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_WORDS),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    return make_pipeline(features, LogisticRegression(C=4.0, max_iter=400))


def markdown(found: list[Protocol]) -> str:
    """The table, to be read by people."""
    lines = [
        "| protocol | train | test | test rows that are in train too | accuracy | weighted F1 | macro F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for p in found:
        figures = " | ".join(f"{100 * i.value:.1f} [{100 * i.low:.1f}, {100 * i.high:.1f}]" for i in p[4:])
        lines.append(
            f"| {p.name} | {p.train} | {p.test} | {p.repeated} ({100 * p.repeated / p.test:.0f} %) | {figures} |"
        )
    return "\n".join(lines) + "\n"
