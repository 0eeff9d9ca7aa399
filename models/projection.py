"""The fresh layer on top of a backbone that was trained elsewhere."""

from torch import Tensor, nn

from models.graph import Encoded


class Projection(nn.Module):
    """Linear, ReLU, Dropout, step by step."""

    def __init__(self, width_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width_in, width), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, embedding: Tensor, mask: Tensor) -> Encoded:
        """[batch, steps, width_in] and [batch, steps] -> embedding [batch, steps, width]."""
        return Encoded(self.layers(embedding) * mask.unsqueeze(-1), mask)
