"""What one step of training sees, and what a data set must give so that any step can be made again."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from training.samples import Sample, emotions, sentiments


class Batch(NamedTuple):
    """The network's inputs in the order of its forward, and what they should give."""

    inputs: tuple[Tensor, ...]
    emotion: Tensor
    """[batch, 7], distributions."""
    sentiment: Tensor
    """[batch, 3], distributions."""


class TrainingSet(Protocol):
    """Batches that depend on the seed, the epoch and their number alone."""

    def plan(self, epoch: int) -> list[list[int]]:
        """The batches of one epoch, as indices of samples."""
        ...

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch, augmented with `rng`."""
        ...


def targets(samples: list[Sample]) -> tuple[Tensor, Tensor]:
    """[n, 7] and [n, 3]."""
    return torch.from_numpy(emotions(samples)), torch.from_numpy(sentiments(samples))


def shuffled(sizes: list[int], batch_size: int, rng: np.random.Generator, *, pool: int = 50) -> list[list[int]]:
    """Random batches of samples of about one size: sorted within pools of `pool` batches, so that little padding is computed."""
    order = rng.permutation(len(sizes))
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * pool):
        near = sorted((int(i) for i in order[start : start + batch_size * pool]), key=lambda i: sizes[i])
        batches += [near[i : i + batch_size] for i in range(0, len(near), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def by_size(data: object, count: int) -> list[int]:
    """The samples in the order in which batches need least padding; as they come where the data has no `sizes`."""
    sizes: list[int] = getattr(data, "sizes", [0] * count)
    return sorted(range(count), key=lambda i: sizes[i])


def rng_for(seed: int, *place: int) -> np.random.Generator:
    """The generator of one place (epoch, batch): the same in a run that was resumed."""
    return np.random.default_rng([seed, *place])
