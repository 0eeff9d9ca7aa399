"""Cross-modal attention (after Tsai et al., 2019): the steps of each modality look for what they need in the other two."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.attention import Attended, MaskedAttention
from models.fusion.decision import Decision, LateHeads, MlpHeads, Steps, by_modality, ordered, presence, stacked
from models.fusion.modality_attention import Weighing
from models.graph import Fused, FusionConfig
from models.pooling import AttentivePooling, attention
from streamer.labels import MODALITIES, Modality


class CrossModal(FusionConfig, frozen=True, kw_only=True):
    """Early: heads on the three vectors side by side. Late: heads per modality, and the weighted mean of their logits."""

    hidden: int = 128
    attention_heads: int = 4
    head: int = 64
    dropout: float = 0.3
    decision: Decision = "early"

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return CrossModalFusion(self, widths)


class Looked(NamedTuple):
    """Where one modality looked, for pictures."""

    others: Tensor
    """[batch, own steps, steps of the others in the order of `labels.MODALITIES`]; sums to 1 over those that are there."""
    own: Tensor
    """[batch, own steps]: how much each of its own steps counted in its vector."""


class CrossModalFusion(nn.Module):
    """Three sequences in, both logits out; `looked` gives the attention behind them."""

    def __init__(self, config: CrossModal, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        wide = config.hidden
        self.projection = nn.ModuleDict({m: nn.Linear(width, wide) for m, width in widths.items()})
        # Which modality a key belongs to: the steps of two others stand in one row.
        self.kind = nn.ParameterDict({m: nn.Parameter(torch.randn(wide) * 0.02) for m in widths})
        self.attention = nn.ModuleDict(
            {m: MaskedAttention(wide, config.attention_heads, dropout=config.dropout) for m in widths}
        )
        self.norm = nn.ModuleDict({m: nn.LayerNorm(wide) for m in widths})
        self.pooling = nn.ModuleDict({m: AttentivePooling(wide, 32) for m in widths})
        self.dropout = nn.Dropout(config.dropout)
        self.weighing = Weighing(wide)
        self.late = config.decision == "late"
        self.heads = (
            LateHeads(dict.fromkeys(widths, wide), config.head, config.dropout)
            if self.late
            else MlpHeads(len(MODALITIES) * wide, config.head, config.dropout)
        )

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings, then three masks; a modality whose mask is all zeros is not looked at."""
        present = presence(by_modality(inputs, self.widths), inputs)
        joined = self._joined(inputs)
        vectors = stacked({m: self.dropout(self.pooling[m](*steps)) for m, (steps, _) in joined.items()}, present)
        weights = self.weighing(vectors, present)
        logits = self.heads(vectors, weights) if self.late else self.heads((vectors * weights.unsqueeze(-1)).flatten(1))
        return Fused(logits.emotion, logits.sentiment, weights)

    def looked(self, *inputs: Tensor) -> dict[Modality, Looked]:
        """The same inputs -> where each modality looked."""
        found = {}
        for m, (steps, attended) in self._joined(inputs).items():
            own = attention(self.pooling[m].score(steps.embedding), steps.mask)  # type: ignore[operator]  # a module
            found[m] = Looked(attended.weights, own.squeeze(-1))
        return found

    def _joined(self, inputs: tuple[Tensor, ...]) -> dict[Modality, tuple[Steps, Attended]]:
        """Each modality's steps with what they found in the others."""
        steps = {
            m: Steps(self.projection[m](found.embedding * found.mask.unsqueeze(-1)) + self.kind[m], found.mask)
            for m, found in by_modality(inputs, self.widths).items()
        }
        joined = {}
        for m, (own, mask) in steps.items():
            others = [steps[other] for other in steps if other != m]
            attended = self._look(m, own, others)
            joined[m] = (Steps(self.norm[m](own + attended.values), mask), attended)
        return joined

    def _look(self, modality: Modality, own: Tensor, others: list[Steps]) -> Attended:
        if not others:
            return Attended(torch.zeros_like(own), own.new_zeros((*own.shape[:2], 0)))
        keys = torch.cat([other.embedding for other in others], dim=1)
        mask = torch.cat([other.mask for other in others], dim=1)
        attended: Attended = self.attention[modality](own, keys, mask)
        return attended
