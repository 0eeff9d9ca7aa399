"""What a network says of samples that do not train it."""

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
import torch
from torch import nn

from models.heads import Logits
from streamer.features.arrays import Int64
from training.batch import Batch, TrainingSet
from training.metrics import accuracy, macro_f1, unweighted_recall, weighted_f1
from training.samples import Sample

Figure = Literal["accuracy", "weighted_f1", "macro_f1", "unweighted_recall"]
_FIGURES: dict[Figure, Callable[[Int64, Int64], float]] = {
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "unweighted_recall": unweighted_recall,
}


class LabelledSet(TrainingSet, Protocol):
    """Batches of samples that are known."""

    samples: list[Sample]


def predict(network: nn.Module, data: LabelledSet, *, batch_size: int = 64) -> Logits:
    """Logits of every sample, in order."""
    device = next(network.parameters()).device
    parts = [
        network(*(tensor.to(device) for tensor in _batch(data, start, batch_size).inputs))
        for start in range(0, len(data.samples), batch_size)
    ]
    return Logits(torch.cat([p.emotion for p in parts]).cpu(), torch.cat([p.sentiment for p in parts]).cpu())


@torch.inference_mode()
def measure(network: nn.Module, data: LabelledSet, score: Figure) -> dict[str, float]:
    """Every figure of the emotion, averaged over the corpora; and the one that picks the epoch again, as `score`."""
    predicted = predict(network, data).emotion.argmax(-1).numpy()
    true = np.array([s.label for s in data.samples])
    names = np.array([s.corpus for s in data.samples])
    found: dict[str, float] = dict.fromkeys(_FIGURES, 0.0)
    corpora = list(dict.fromkeys(names))
    for corpus in corpora:
        own = names == corpus
        for figure, of in _FIGURES.items():
            found[figure] += of(true[own], predicted[own]) / len(corpora)
    return {"score": found[score], **found}


def _batch(data: LabelledSet, start: int, size: int) -> Batch:
    indices = list(range(start, min(start + size, len(data.samples))))
    return data.batch(indices, np.random.default_rng(0))
