"""From a sequence with a mask to one vector, or to a shorter sequence."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class AttentivePooling(nn.Module):
    """A weighted mean over time; the weights are learned from the steps themselves."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """[batch, steps, width] and [batch, steps] -> [batch, width]; zeros where no step is there."""
        return (steps * attention(self.score(steps), mask)).sum(1)


class AttentiveStatistics(nn.Module):
    """Weighted mean and deviation over time (Okabe, Koshinaka & Shinoda, 2018)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """[batch, steps, width] and [batch, steps] -> [batch, 2 * width]."""
        weights = attention(self.score(steps), mask)
        mean = (steps * weights).sum(1)
        variance = ((steps - mean.unsqueeze(1)) ** 2 * weights).sum(1)
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=-1)


def attention(scores: Tensor, mask: Tensor) -> Tensor:
    """[batch, steps, 1] scores -> weights of the same shape that sum to 1 over the steps there, and are all 0 where none is."""
    there = mask.unsqueeze(-1)
    weights = (scores + (1.0 - there) * -1e4).softmax(dim=1) * there
    return weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)


def mean_of_every(count: int, steps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of every `count` steps that are there; the last ones may be fewer.

    Args:
        count: Steps that become one.
        steps: [batch, steps, width], zeros where the mask is.
        mask: [batch, steps].

    Returns:
        [batch, ceil(steps / count), width], and its mask.
    """
    there = functional.avg_pool1d(functional.pad(mask, (0, count - 1)).unsqueeze(1), count).transpose(1, 2)
    summed = functional.avg_pool1d(functional.pad(steps.transpose(1, 2), (0, count - 1)), count).transpose(1, 2)
    return summed / there.clamp(min=1e-6), (there.squeeze(-1) > 0).to(steps.dtype)
