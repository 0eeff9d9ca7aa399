"""What networks that were trained before say of a batch, mixed into its labels: a student of its own teachers learns more than they did.

Born-again networks (Furlanello et al., 2018): a student of the same size, taught the teacher's whole answer beside the label,
does better than its teacher. Both see the same augmented input (Beyer et al., 2022).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.heads import Logits
from training.batch import Batch
from training.held_out import LabelledSet
from training.samples import Sample


class Taught:
    """A data set whose labels are partly what teachers answer."""

    def __init__(
        self, data: LabelledSet, teachers: Sequence[nn.Module], share: float, device: torch.device, *, bf16: bool
    ) -> None:
        """Args: share: Of the teachers in each label, 0 to 1; of several, the mean of their probabilities."""
        self.samples: list[Sample] = data.samples
        self._data, self._share, self._device, self._bf16 = data, share, device, bf16
        self._teachers = [teacher.to(device).eval() for teacher in teachers]

    def plan(self, epoch: int) -> list[list[int]]:
        """The data's own."""
        return self._data.plan(epoch)

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """The data's own, under other labels; those still sum to 1."""
        batch = self._data.batch(indices, rng)
        emotion, sentiment = self._asked(batch.inputs)
        return Batch(
            batch.inputs, batch.emotion.lerp(emotion, self._share), batch.sentiment.lerp(sentiment, self._share)
        )

    @torch.no_grad()
    def _asked(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            answers: list[Logits] = [teacher(*(t.to(self._device) for t in inputs)) for teacher in self._teachers]
        return (
            torch.stack([a.emotion.float().softmax(-1) for a in answers]).mean(0).cpu(),
            torch.stack([a.sentiment.float().softmax(-1) for a in answers]).mean(0).cpu(),
        )
