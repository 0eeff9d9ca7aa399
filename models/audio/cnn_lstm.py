"""Convolutions that find short events of the voice, and an LSTM that reads them in order."""

from typing import ClassVar

from torch import Tensor, nn

from models.audio.frames import FrameBlock, Framed, frame_width
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.pooling import AttentivePooling
from models.recurrent import MaskedRecurrent
from streamer.labels import Modality


class CnnLstm(EncoderConfig, frozen=True, kw_only=True):
    """Conv1d blocks on MFCC or log-mel, an LSTM, a learned mean over time."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    channels: tuple[int, ...] = (64, 128)
    kernel: int = 5
    hidden: int = 128
    layers: int = 1
    bidirectional: bool = True
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the width of the spec's frames."""
        return CnnLstmEncoder(self, frame_width(spec, "cnn-lstm"))


class CnnLstmEncoder(nn.Module):
    """Frames in, one embedding of the voice out."""

    def __init__(self, config: CnnLstm, frame: int) -> None:
        super().__init__()
        widths = (frame, *config.channels)
        self.blocks = nn.ModuleList(
            FrameBlock(width_in, width_out, config.kernel)
            for width_in, width_out in zip(widths, config.channels, strict=False)
        )
        self.recurrent = MaskedRecurrent(
            "lstm",
            config.channels[-1],
            config.hidden,
            config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self.pooling = AttentivePooling(self.recurrent.width, 64)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(self.recurrent.width, config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, steps, frame] and [batch, steps] -> embedding [batch, 1, width]."""
        framed = Framed((features * mask.unsqueeze(-1)).transpose(1, 2), mask)
        for block in self.blocks:
            framed = block(framed)
        steps = self.recurrent(self.dropout(framed.hidden.transpose(1, 2)), framed.mask)
        pooled = self.dropout(self.pooling(steps, framed.mask))
        there = mask.max(dim=1, keepdim=True).values
        return Encoded(self.projection(pooled).relu().unsqueeze(1) * there.unsqueeze(-1), there)
