"""Gated fusion: each modality is pooled over time, its evidence passes a learned gate, and the sum decides."""

import torch
from torch import Tensor, nn

from models.graph import Fused, FusionConfig
from models.heads import Heads
from models.pooling import AttentivePooling
from streamer.labels import MODALITIES, Modality


class Gated(FusionConfig, frozen=True, kw_only=True):
    """After the gated multimodal unit (Arevalo et al., 2017), for any subset of modalities."""

    hidden: int = 128
    dropout: float = 0.2

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return GatedFusion(self, widths)


class GatedFusion(nn.Module):
    """Embeddings and masks of three modalities in, both logits and the modalities' weights out.

    The gated vectors are added, not averaged: independent signs of one emotion make it more certain.
    """

    def __init__(self, config: Gated, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.pooling = nn.ModuleDict({m: AttentivePooling(widths[m], 32) for m in MODALITIES})
        self.projection = nn.ModuleDict({m: nn.Linear(widths[m], config.hidden) for m in MODALITIES})
        self.gate = nn.Linear(len(MODALITIES) * config.hidden, len(MODALITIES))
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(config.hidden)

    def forward(
        self, text: Tensor, audio: Tensor, video: Tensor, text_mask: Tensor, audio_mask: Tensor, video_mask: Tensor
    ) -> Fused:
        """[batch, steps, width] each and [batch, steps] each; a modality whose mask is all zeros is not looked at."""
        present = torch.stack([mask.max(dim=1).values for mask in (text_mask, audio_mask, video_mask)], dim=1)
        vectors = torch.stack(
            [
                torch.tanh(self.projection[m](self.dropout(self.pooling[m](steps, mask))))
                for m, steps, mask in zip(
                    MODALITIES, (text, audio, video), (text_mask, audio_mask, video_mask), strict=True
                )
            ],
            dim=1,
        )
        vectors = vectors * present.unsqueeze(-1)
        gates = torch.sigmoid(self.gate(vectors.flatten(1))) * present
        logits = self.heads((vectors * gates.unsqueeze(-1)).sum(1))
        weights = gates / gates.sum(dim=1, keepdim=True).clamp(min=1e-6)
        return Fused(logits.emotion, logits.sentiment, weights)
