"""Normalisation that a lone sample survives."""

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
