"""Experts: each modality decides by itself, and what they say is multiplied, each trusted as its answer deserves, and none without end."""

import math
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.fusion.decision import by_modality, mean, ordered, presence, shares, stacked
from models.graph import Fused, FusionConfig
from models.heads import Heads, Logits
from models.pooling import AttentivePooling
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality

_DOUBT: Final[dict[Modality, float]] = {"text": -3.0, "audio": -0.5, "video": 0.0}
"""Where learning begins: words are what an utterance says, a face is at times about something else. Begun alike at -1, all three learn more
slowly and to the same figures."""


class Experts(FusionConfig, frozen=True, kw_only=True):
    """A product of experts (Hinton, 2002) with learned trust and doubt, for any subset of modalities.

    However sure an expert is, it may be about something else: a smile that was there before the words. With a learned probability its
    answer says nothing, so that no expert outweighs all others by being sure; in a plain product, one factor near 0 decides alone.

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
        self.doubt = nn.Parameter(torch.tensor([[_DOUBT[m]] for m in MODALITIES]))
        """Logit of the probability that an expert speaks of something else."""
        usual = [-math.log(len(EMOTIONS))] * len(EMOTIONS) + [-math.log(len(SENTIMENTS))] * len(SENTIMENTS)
        self.usual = nn.Parameter(torch.tensor([usual] * len(MODALITIES)))
        """Logarithm of how often an expert gives each answer: only what is more, or less, than usual is evidence."""
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
        trust = functional.softplus(self.trust(torch.cat([heard.flatten(1), present], dim=1))) * present
        doubt = self.doubt.sigmoid()
        evidence = torch.log((1 - doubt) * torch.exp(heard - self.usual) + doubt)
        together = (evidence * trust.unsqueeze(-1)).sum(1) + self.prior(present)
        logits = several * together + (1 - several) * (heard * present.unsqueeze(-1)).sum(1)
        return Fused(logits[:, : len(EMOTIONS)], logits[:, len(EMOTIONS) :], shares(trust, present))
