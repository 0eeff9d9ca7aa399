"""Multi-head attention (Vaswani et al., 2017) that obeys a mask and gives its weights: they are what pictures are made of."""

import math
from typing import NamedTuple

from torch import Tensor, nn


class Attended(NamedTuple):
    """What was found, and where."""

    values: Tensor
    """[batch, queries, width]; zeros where no key is there."""
    weights: Tensor
    """[batch, queries, keys], the mean over the heads; sums to 1 over the keys that are there, zeros where none is."""


class MaskedAttention(nn.Module):
    """Queries look for what they need among keys."""

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"attention: a width of {width} cannot be shared by {heads} heads")
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Attended:
        """[batch, queries, width], [batch, keys, width] and the keys' mask [batch, keys]."""
        query, key, value = self._split(self.query(queries)), self._split(self.key(keys)), self._split(self.value(keys))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        there = mask[:, None, None, :]
        # Scores of what is not there are multiplied away before they are lowered, so that they cannot overflow.
        weights = (scores * there + (1.0 - there) * -1e4).softmax(dim=-1) * there
        found = (self.dropout(weights) @ value).transpose(1, 2).flatten(2)
        any_there = mask.max(dim=1).values[:, None, None]
        return Attended(self.output(found) * any_there, weights.mean(dim=1))

    def _split(self, steps: Tensor) -> Tensor:
        """[batch, steps, width] -> [batch, heads, steps, width / heads]."""
        batch, count, width = steps.shape
        return steps.reshape(batch, count, self.heads, width // self.heads).transpose(1, 2)
