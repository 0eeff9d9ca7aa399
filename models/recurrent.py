"""Recurrent layers that obey a mask, in operations that export to ONNX as they stand (packed sequences do not)."""

from typing import Final, Literal

import torch
from torch import Tensor, nn

Cell = Literal["gru", "lstm"]

_CELLS: Final[dict[Cell, type[nn.GRU] | type[nn.LSTM]]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class MaskedRecurrent(nn.Module):
    """GRU or LSTM layers over the steps that are there; read in both directions where `bidirectional`.

    The steps that are there come first: padding stands at the end. What is not there is neither read nor given.
    """

    def __init__(
        self, cell: Cell, width_in: int, hidden: int, layers: int, *, bidirectional: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        kind = _CELLS[cell]
        self.width = hidden * (2 if bidirectional else 1)
        widths = [width_in] + [self.width] * (layers - 1)
        self.onwards = nn.ModuleList(kind(width, hidden, batch_first=True) for width in widths)
        self.backwards = nn.ModuleList(kind(width, hidden, batch_first=True) for width in widths if bidirectional)
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """[batch, steps, width_in] and [batch, steps] -> [batch, steps, width]; zeros where the mask is."""
        there = mask.unsqueeze(-1)
        hidden = steps * there
        turned = _turned(mask)
        for number, onwards in enumerate(self.onwards):
            if number:
                hidden = self.dropout(hidden)
            read = onwards(hidden)[0]
            if self.backwards:
                behind = _taken(self.backwards[number](_taken(hidden, turned))[0], turned)
                read = torch.cat([read, behind], dim=-1)
            hidden = read * there
        return hidden


def newest(steps: Tensor, mask: Tensor) -> Tensor:
    """[batch, steps, width] and [batch, steps] -> the last step that is there, [batch, 1, width]."""
    last = (mask.sum(1).long() - 1).clamp(min=0)
    return _taken(steps, last.unsqueeze(1))


def _turned(mask: Tensor) -> Tensor:
    """[batch, steps]: where each step stands when the steps that are there are read from their end."""
    positions = torch.arange(mask.shape[1], device=mask.device)
    return (mask.sum(1, keepdim=True).long() - 1 - positions).clamp(min=0)


def _taken(steps: Tensor, positions: Tensor) -> Tensor:
    return steps.gather(1, positions.unsqueeze(-1).expand(-1, -1, steps.shape[2]))
