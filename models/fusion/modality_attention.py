"""Attention over modalities: each is given a score by what it says, and counts by it."""

import torch
from torch import Tensor, nn

from models.fusion.decision import Decision, LateHeads, MlpHeads, by_modality, ordered, presence, stacked
from models.graph import Fused, FusionConfig
from models.pooling import AttentivePooling, attention
from streamer.labels import Modality


class ModalityAttention(FusionConfig, frozen=True, kw_only=True):
    """Early: heads on the weighted mean of the modalities. Late: heads per modality, and the weighted mean of their logits."""

    hidden: int = 128
    head: int = 64
    dropout: float = 0.3
    decision: Decision = "early"

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return ModalityAttentionFusion(self, widths)


class ModalityAttentionFusion(nn.Module):
    """Pools each modality over time, then weighs the modalities."""

    def __init__(self, config: ModalityAttention, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        self.pooling = nn.ModuleDict({m: AttentivePooling(width, 32) for m, width in widths.items()})
        self.projection = nn.ModuleDict({m: nn.Linear(width, config.hidden) for m, width in widths.items()})
        self.dropout = nn.Dropout(config.dropout)
        self.weighing = Weighing(config.hidden)
        self.late = config.decision == "late"
        self.heads = (
            LateHeads(dict.fromkeys(widths, config.hidden), config.head, config.dropout)
            if self.late
            else MlpHeads(config.hidden, config.head, config.dropout)
        )

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings, then three masks; a modality whose mask is all zeros is not looked at."""
        found = by_modality(inputs, self.widths)
        present = presence(found, inputs)
        vectors = stacked(
            {m: torch.tanh(self.projection[m](self.dropout(self.pooling[m](*steps)))) for m, steps in found.items()},
            present,
        )
        weights = self.weighing(vectors, present)
        logits = self.heads(vectors, weights) if self.late else self.heads((vectors * weights.unsqueeze(-1)).sum(1))
        return Fused(logits.emotion, logits.sentiment, weights)


class Weighing(nn.Module):
    """A score for each modality, softmax over those present."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, width // 2), nn.Tanh(), nn.Linear(width // 2, 1))

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """[batch, 3, width] and [batch, 3] -> [batch, 3]; sums to 1 over those present, zeros elsewhere."""
        return attention(self.score(vectors), present).squeeze(-1)
