"""Normalisation that a lone sample survives."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class VectorNorm(nn.BatchNorm1d):
    """Batch normalisation of [batch, width]; a vector that is alone in its batch is judged by the running statistics."""

    def forward(self, vectors: Tensor) -> Tensor:
        """[batch, width] -> the same shape."""
        if self.training and len(vectors) == 1:
            return functional.batch_norm(
                vectors, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(vectors)


class RunningNorm(nn.BatchNorm1d):
    """Normalisation of [batch, width] by what all batches so far had on average, in training too.

    For values that come from frozen weights, whose statistics do not move. Batches of clips of about one length are of one corpus more
    often than not: relative to its own batch, a clip would be heard without what its corpus has in common, and otherwise than later.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, affine=False, momentum=None)

    def forward(self, vectors: Tensor) -> Tensor:
        """[batch, width] -> the same shape."""
        if self.training and len(vectors) > 1:
            with torch.no_grad():
                super().forward(vectors)
        # In plain arithmetic: the exporter of batch norms asks for a width that it knows.
        return (vectors - self.get_buffer("running_mean")) / (self.get_buffer("running_var") + self.eps).sqrt()
