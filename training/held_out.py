"""What a network says of samples that do not train it, and the figures that every stage reports of that."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.heads import Logits
from streamer.features.arrays import Float32, Int64
from streamer.labels import EMOTIONS, SENTIMENTS
from training.batch import Batch, TrainingSet, by_size
from training.metrics import accuracy, macro_f1, unweighted_recall, weighted_f1, weighted_precision
from training.samples import Sample

Figure = Literal["accuracy", "weighted_precision", "weighted_f1", "macro_f1", "unweighted_recall"]
FIGURES: Mapping[Figure, Callable[[Int64, Int64], float]] = {
    "accuracy": accuracy,
    "weighted_precision": weighted_precision,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "unweighted_recall": unweighted_recall,
}


class Answers(NamedTuple):
    """One head's labels beside the true ones."""

    name: str
    """`emotion` or `sentiment`; before a slash, what was heard, where that is not all."""
    classes: tuple[str, ...]
    true: Int64
    """[n]."""
    predicted: Int64
    """[n]."""


class Measured(NamedTuple):
    """What a stage knows after an epoch."""

    figures: dict[str, float]
    """Shown to people; the one named `score` picks the best epoch."""
    answers: tuple[Answers, ...] = ()
    """Of which TensorBoard gets confusion matrices."""
    details: Mapping[str, float] = {}
    """More figures than a line can hold: for TensorBoard and the history."""


class LabelledSet(TrainingSet, Protocol):
    """Batches of samples that are known."""

    samples: list[Sample]


def predict(network: nn.Module, data: LabelledSet, *, batch_size: int = 64) -> Logits:
    """Logits of every sample, in order."""
    device = next(network.parameters()).device
    order = by_size(data, len(data.samples))
    parts = [
        network(*(tensor.to(device) for tensor in _batch(data, order[start : start + batch_size]).inputs))
        for start in range(0, len(order), batch_size)
    ]
    place = torch.tensor(order).argsort()
    emotion, sentiment = (torch.cat(found).cpu()[place] for found in zip(*parts, strict=True))
    return Logits(emotion, sentiment)


@torch.inference_mode()
def measure(
    network: nn.Module, data: LabelledSet, score: Figure, *, batch_size: int = 64, by_corpus: bool = False
) -> Measured:
    """Every figure of both heads; and the emotion's that picks the epoch again, as `score`.

    Args:
        network: A batch's inputs -> `Logits`, in eval mode.
        data: What trained nothing.
        score: See above.
        batch_size: Samples in one call.
        by_corpus: Average each figure over the corpora, so that none counts more for being larger.
    """
    logits = predict(network, data, batch_size=batch_size)
    answers = both_heads(
        logits.emotion.float().numpy(),
        logits.sentiment.float().numpy(),
        np.array([s.label for s in data.samples], np.int64),
        np.array([s.sentiment_label for s in data.samples], np.int64),
    )
    return measured(answers, score, np.array([s.corpus for s in data.samples]) if by_corpus else None)


def both_heads(emotion: Float32, sentiment: Float32, true: Int64, true_sentiment: Int64) -> tuple[Answers, Answers]:
    """[n, 7] and [n, 3] logits, [n] labels each -> each head's answers, decided alone."""
    return (
        Answers("emotion", EMOTIONS, true, np.asarray(emotion.argmax(1), np.int64)),
        Answers("sentiment", SENTIMENTS, true_sentiment, np.asarray(sentiment.argmax(1), np.int64)),
    )


def measured(answers: tuple[Answers, Answers], score: Figure, corpora: NDArray[np.str_] | None = None) -> Measured:
    """The same for answers in hand; `corpora`, [n], where the figures are averaged over them."""
    figures = figures_of(answers, corpora)
    return Measured({"score": figures[score], **figures}, answers)


def figures_of(answers: tuple[Answers, ...], corpora: NDArray[np.str_] | None = None) -> dict[str, float]:
    """Every figure by name, those of the sentiment with `sentiment_` before it."""
    found: dict[str, float] = {}
    for head in answers:
        own = [corpora == name for name in dict.fromkeys(corpora)] if corpora is not None else [slice(None)]
        prefix = "" if head.name == "emotion" else f"{head.name}_"
        for name, figure in FIGURES.items():
            found[prefix + name] = float(np.mean([figure(head.true[rows], head.predicted[rows]) for rows in own]))
    return found


def _batch(data: LabelledSet, indices: list[int]) -> Batch:
    return data.batch(indices, np.random.default_rng(0))
