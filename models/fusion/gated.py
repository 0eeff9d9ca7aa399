"""Gated fusion: each modality is pooled over time, its evidence passes a learned gate, and the sum decides."""

import torch
from torch import Tensor, nn

from models.fusion.decision import Decision, LateHeads, by_modality, ordered, presence, stacked
from models.graph import Fused, FusionConfig
from models.heads import Heads
from models.pooling import AttentivePooling
from streamer.labels import MODALITIES, Modality


class Gated(FusionConfig, frozen=True, kw_only=True):
    """After the gated multimodal unit (Arevalo et al., 2017), for any subset of modalities."""

    hidden: int = 128
    dropout: float = 0.2
    decision: Decision = "early"

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return GatedFusion(self, widths)


class GatedFusion(nn.Module):
    """Embeddings and masks of three modalities in, both logits and the modalities' weights out.

    The gated vectors are added, not averaged: independent signs of one emotion make it more certain.
    """

    def __init__(self, config: Gated, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        self.pooling = nn.ModuleDict({m: AttentivePooling(width, 32) for m, width in widths.items()})
        self.projection = nn.ModuleDict({m: nn.Linear(width, config.hidden) for m, width in widths.items()})
        self.gate = nn.Linear(len(MODALITIES) * config.hidden, len(MODALITIES))
        self.dropout = nn.Dropout(config.dropout)
        self.late = config.decision == "late"
        self.heads = (
            LateHeads(dict.fromkeys(widths, config.hidden), config.hidden, config.dropout)
            if self.late
            else Heads(config.hidden)
        )

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings [batch, steps, width], then three masks; a modality whose mask is all zeros is not looked at."""
        found = by_modality(inputs, self.widths)
        present = presence(found, inputs)
        vectors = stacked(
            {m: torch.tanh(self.projection[m](self.dropout(self.pooling[m](*steps)))) for m, steps in found.items()},
            present,
        )
        gates = torch.sigmoid(self.gate(vectors.flatten(1))) * present
        weights = gates / gates.sum(dim=1, keepdim=True).clamp(min=1e-6)
        logits = self.heads(vectors, weights) if self.late else self.heads((vectors * gates.unsqueeze(-1)).sum(1))
        return Fused(logits.emotion, logits.sentiment, weights)
