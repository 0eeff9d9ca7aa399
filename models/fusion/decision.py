"""What every fusion shares: who is there, and whether one head decides on all (early) or one on each (late)."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from models.heads import Logits
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality

Decision = Literal["early", "late"]
"""`early`: one head on the fused vector. `late`: a head per modality, and their logits averaged by the modalities' weights."""


class Steps(NamedTuple):
    """One modality as a fusion gets it."""

    embedding: Tensor
    """[batch, steps, width]."""
    mask: Tensor
    """[batch, steps]."""


def ordered(widths: dict[Modality, int]) -> dict[Modality, int]:
    """The widths in the order of `labels.MODALITIES`, in which the fusion's inputs come."""
    return {m: widths[m] for m in MODALITIES if m in widths}


def by_modality(inputs: tuple[Tensor, ...], widths: dict[Modality, int]) -> dict[Modality, Steps]:
    """The fusion's six inputs, of those modalities that the network has an encoder for."""
    return {m: Steps(inputs[i], inputs[i + len(MODALITIES)]) for i, m in enumerate(MODALITIES) if m in widths}


def mean(steps: Steps) -> Tensor:
    """[batch, width]: over the steps that are there; zeros where none is."""
    there = steps.mask.unsqueeze(-1)
    return (steps.embedding * there).sum(1) / there.sum(1).clamp(min=1.0)


def presence(found: dict[Modality, Steps], inputs: tuple[Tensor, ...]) -> Tensor:
    """[batch, 3]: 1 for a modality of which some step is there; never for one that the network has no encoder for."""
    masks = inputs[len(MODALITIES) :]
    return torch.stack(
        [mask.max(dim=1).values * float(m in found) for m, mask in zip(MODALITIES, masks, strict=True)], dim=1
    )


def stacked(vectors: dict[Modality, Tensor], present: Tensor) -> Tensor:
    """[batch, hidden] of each modality -> [batch, 3, hidden], zeros for those that are not there."""
    nothing = torch.zeros_like(next(iter(vectors.values())))
    return torch.stack([vectors.get(m, nothing) for m in MODALITIES], dim=1) * present.unsqueeze(-1)


def shares(amounts: Tensor, present: Tensor) -> Tensor:
    """[batch, 3] of at least 0 -> the same shape: sums to 1 over those present, zeros elsewhere."""
    there = (amounts + 1e-6) * present
    return there / there.sum(dim=1, keepdim=True).clamp(min=1e-12)


class MlpHeads(nn.Module):
    """A hidden layer and a linear one, each for emotion and sentiment."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.emotion = _mlp(width, hidden, len(EMOTIONS), dropout)
        self.sentiment = _mlp(width, hidden, len(SENTIMENTS), dropout)

    def forward(self, vector: Tensor) -> Logits:
        """[batch, width] -> both logits."""
        return Logits(self.emotion(vector), self.sentiment(vector))


class LateHeads(nn.Module):
    """Heads of each modality's own."""

    def __init__(self, modalities: dict[Modality, int], hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({m: MlpHeads(width, hidden, dropout) for m, width in modalities.items()})

    def forward(self, vectors: Tensor, weights: Tensor) -> Logits:
        """[batch, 3, width] and [batch, 3] -> the mean of the logits, each modality's by its weight."""
        emotion, sentiment = (torch.zeros_like(weights[:, :1]) for _ in range(2))
        for column, modality in enumerate(MODALITIES):
            if modality in self.heads:
                own: Logits = self.heads[modality](vectors[:, column])
                weight = weights[:, column : column + 1]
                emotion, sentiment = emotion + weight * own.emotion, sentiment + weight * own.sentiment
        return Logits(emotion, sentiment)


def _mlp(width: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes))
