"""Concatenation: the modalities side by side, one layer that reads them all."""

import torch
from torch import Tensor, nn

from models.fusion.decision import (
    Decision,
    LateHeads,
    MlpHeads,
    by_modality,
    mean,
    ordered,
    presence,
    shares,
    stacked,
)
from models.graph import Fused, FusionConfig
from models.norm import VectorNorm
from streamer.labels import MODALITIES, Modality


class Concat(FusionConfig, frozen=True, kw_only=True):
    """Early: mean over time, concatenated, Linear, BatchNorm, ReLU, Dropout, heads. Late: such a layer and heads per modality."""

    hidden: int = 256
    head: int = 64
    dropout: float = 0.3
    decision: Decision = "early"

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return ConcatFusion(self, widths) if self.decision == "early" else LateConcatFusion(self, widths)


class ConcatFusion(nn.Module):
    """One decision on all that is there."""

    def __init__(self, config: Concat, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        self.layer = nn.Linear(sum(widths.values()), config.hidden)
        self.rest = nn.Sequential(VectorNorm(config.hidden), nn.ReLU(), nn.Dropout(config.dropout))
        self.heads = MlpHeads(config.hidden, config.head, config.dropout)

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings, then three masks; a modality whose mask is all zeros is not looked at."""
        found = by_modality(inputs, self.widths)
        present = presence(found, inputs)
        vectors = {m: mean(steps) for m, steps in found.items()}
        joined = torch.cat(list(vectors.values()), dim=1)
        logits = self.heads(self.rest(self.layer(joined)))
        return Fused(logits.emotion, logits.sentiment, self._weights(vectors, present))

    def _weights(self, vectors: dict[Modality, Tensor], present: Tensor) -> Tensor:
        """How much each modality moved the layer, which adds up what they say: the length of what each of them adds."""
        nothing = torch.zeros_like(present[:, 0])
        columns = dict(zip(vectors, torch.split(self.layer.weight, list(self.widths.values()), dim=1), strict=True))
        lengths = [(vectors[m] @ columns[m].T).square().sum(1).sqrt() if m in vectors else nothing for m in MODALITIES]
        return shares(torch.stack(lengths, dim=1), present)


class LateConcatFusion(nn.Module):
    """A decision on each modality, all counting alike."""

    def __init__(self, config: Concat, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        self.layers = nn.ModuleDict(
            {
                m: nn.Sequential(
                    nn.Linear(width, config.hidden), VectorNorm(config.hidden), nn.ReLU(), nn.Dropout(config.dropout)
                )
                for m, width in widths.items()
            }
        )
        self.heads = LateHeads(dict.fromkeys(widths, config.hidden), config.head, config.dropout)

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings, then three masks; a modality whose mask is all zeros is not looked at."""
        found = by_modality(inputs, self.widths)
        present = presence(found, inputs)
        vectors = stacked({m: self.layers[m](mean(steps)) for m, steps in found.items()}, present)
        weights = shares(torch.ones_like(present), present)
        logits = self.heads(vectors, weights)
        return Fused(logits.emotion, logits.sentiment, weights)
