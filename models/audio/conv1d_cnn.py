"""Two convolutions over time and an average: the plainest network on log-mel."""

from typing import ClassVar

from torch import Tensor, nn

from models.audio.frames import FrameBlock, Framed, frame_width
from models.graph import Encoded, EncoderConfig, FeatureSpec
from streamer.labels import Modality


class Conv1dCnn(EncoderConfig, frozen=True, kw_only=True):
    """Conv1d, BatchNorm, ReLU, Pool, twice; the adaptive average over time of the second one's channels is the embedding."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    channels: int = 64
    kernel: int = 3
    dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the width of the spec's frames."""
        return Conv1dCnnEncoder(self, frame_width(spec, "conv1d-cnn"))


class Conv1dCnnEncoder(nn.Module):
    """Frames in, one embedding of the voice out."""

    def __init__(self, config: Conv1dCnn, frame: int) -> None:
        super().__init__()
        self.first = FrameBlock(frame, config.channels, config.kernel)
        self.second = FrameBlock(config.channels, config.width, config.kernel)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, steps, frame] and [batch, steps] -> embedding [batch, 1, width]."""
        framed = Framed((features * mask.unsqueeze(-1)).transpose(1, 2), mask)
        hidden, there = self.second(self.first(framed))
        mean = hidden.sum(2) / there.sum(1, keepdim=True).clamp(min=1.0)
        return Encoded(self.dropout(mean).unsqueeze(1), mask.max(dim=1, keepdim=True).values)
