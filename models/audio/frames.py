"""What the encoders of frames of sound (log-mel, MFCC) have in common."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from models.graph import FeatureSpec
from streamer.features import LogMelSpec, MfccSpec


def frame_width(spec: FeatureSpec, part: str) -> int:
    """Values per frame.

    Raises:
        TypeError: the feature is no sequence of frames.
    """
    if not isinstance(spec, LogMelSpec | MfccSpec):
        raise TypeError(f"{part} reads log-mel or MFCC, not {type(spec).__name__}")
    return spec.width


class Framed(NamedTuple):
    """Frames, channels first, and which of them are there."""

    hidden: Tensor
    """[batch, channels, steps]."""
    mask: Tensor
    """[batch, steps]."""


class FrameBlock(nn.Module):
    """Conv1d, BatchNorm, ReLU, and the larger of each two steps; the mask is applied, so that padding changes no answer.

    While it trains, the norm's statistics are of the padding too: batches are of clips of about one length, lest there be much.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width_in, width_out, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width_out)

    def forward(self, framed: Framed) -> Framed:
        """Half as many steps, rounded up."""
        hidden = functional.relu(self.norm(self.convolution(framed.hidden))) * framed.mask.unsqueeze(1)
        # A last odd step has a partner of zeros, which it beats: there are no negative values here.
        pooled = functional.max_pool1d(functional.pad(hidden, (0, 1)), 2)
        return Framed(pooled, framed.mask[:, ::2])
