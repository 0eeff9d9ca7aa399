"""From one vector to the two decisions."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.graph import Encoded
from streamer.labels import EMOTIONS, SENTIMENTS


class Logits(NamedTuple):
    """[batch, 7] and [batch, 3]."""

    emotion: Tensor
    sentiment: Tensor


class Heads(nn.Module):
    """One linear layer each for emotion and sentiment."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.emotion = nn.Linear(width, len(EMOTIONS))
        self.sentiment = nn.Linear(width, len(SENTIMENTS))

    def forward(self, vector: Tensor) -> Logits:
        """[batch, width] -> both logits."""
        return Logits(self.emotion(vector), self.sentiment(vector))


def averaged(shares: Mapping[Heads, float]) -> Heads:
    """Heads on vectors side by side that answer the mean of what each says of its own: a product of experts (Hinton, 2002).

    Args:
        shares: How much each is trusted; they sum to 1.
    """
    several = tuple(shares)
    together = Heads(sum(heads.emotion.in_features for heads in several))
    layers = (
        (together.emotion, [heads.emotion for heads in several]),
        (together.sentiment, [heads.sentiment for heads in several]),
    )
    with torch.no_grad():
        for layer, of_each in layers:
            weighted = tuple(zip(of_each, shares.values(), strict=True))
            layer.weight.copy_(torch.cat([share * one.weight for one, share in weighted], dim=1))
            layer.bias.copy_(torch.stack([share * one.bias for one, share in weighted]).sum(0))
    return together


class Unimodal(nn.Module):
    """One encoder with heads of its own: what a modality is trained as before the fusion knows it."""

    def __init__(self, encoder: nn.Module, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = Heads(width)

    def forward(self, *inputs: Tensor) -> Logits:
        """The encoder's graph inputs -> both logits, from the mean over the steps that are there."""
        encoded: Encoded = self.encoder(*inputs)
        there = encoded.mask.unsqueeze(-1)
        mean = (encoded.embedding * there).sum(1) / there.sum(1).clamp(min=1.0)
        logits: Logits = self.heads(mean)
        return logits
