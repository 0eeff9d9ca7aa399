"""Experts: each modality decides by itself, and what they say is multiplied, each trusted as much as its answer deserves."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.fusion.decision import by_modality, mean, ordered, presence, shares, stacked
from models.graph import Fused, FusionConfig
from models.heads import Heads, Logits
from models.pooling import AttentivePooling
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality


class Experts(FusionConfig, frozen=True, kw_only=True):
    """A product of experts (Hinton, 2002) with learned trust, for any subset of modalities.

    A modality that is alone is heard as it was trained: the fusion can not make it worse.
    """

    hidden: int = 32
    """Of the small network that reads the experts' answers and says how far each is trusted."""

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The fusion with fresh weights."""
        return ExpertsFusion(self, widths)


class ExpertsFusion(nn.Module):
    """Embeddings and masks of three modalities in, both logits and the modalities' weights out."""

    classes: ClassVar[int] = len(EMOTIONS) + len(SENTIMENTS)

    def __init__(self, config: Experts, widths: dict[Modality, int]) -> None:
        super().__init__()
        self.widths = widths = ordered(widths)
        self.heads = nn.ModuleDict({m: Heads(width) for m, width in widths.items()})
        # Frames of one utterance differ; words and voice come as one step each, or as steps that are alike.
        self.pooling = nn.ModuleDict({m: AttentivePooling(width, 32) for m, width in widths.items() if m == "video"})
        answers = len(MODALITIES) * (self.classes + 1)
        self.trust = nn.Sequential(
            nn.Linear(answers, config.hidden), nn.Tanh(), nn.Linear(config.hidden, len(MODALITIES))
        )
        self.prior = nn.Linear(len(MODALITIES), self.classes, bias=False)
        """Each expert brings its corpus's class frequencies; together they would count thrice."""
        nn.init.zeros_(self.prior.weight)

    def adopt(self, modality: Modality, heads: Heads) -> None:
        """Take the heads that an encoder was trained under, and keep them as they are."""
        own = self.heads[modality]
        own.load_state_dict(heads.state_dict())
        own.requires_grad_(requires_grad=False)

    def forward(self, *inputs: Tensor) -> Fused:
        """Three embeddings [batch, steps, width], then three masks; a modality whose mask is all zeros is not looked at."""
        found = by_modality(inputs, self.widths)
        present = presence(found, inputs)
        answers = {}
        for modality, steps in found.items():
            pooled = self.pooling[modality](*steps) if modality in self.pooling else mean(steps)
            own: Logits = self.heads[modality](pooled)
            answers[modality] = torch.cat([own.emotion.log_softmax(-1), own.sentiment.log_softmax(-1)], dim=-1)
        heard = stacked(answers, present)
        several = (present.sum(dim=1, keepdim=True) > 1.5).to(heard.dtype)
        trust = functional.softplus(self.trust(torch.cat([heard.flatten(1), present], dim=1)))
        trust = (several * trust + (1 - several)) * present
        logits = (heard * trust.unsqueeze(-1)).sum(1) + several * self.prior(present)
        return Fused(logits[:, : len(EMOTIONS)], logits[:, len(EMOTIONS) :], shares(trust, present))
