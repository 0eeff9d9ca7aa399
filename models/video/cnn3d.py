"""A small network of 3-D convolutions: movement of the face without published weights."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.video.pixels import face_spec
from streamer.labels import Modality


class Cnn3d(EncoderConfig, frozen=True, kw_only=True):
    """Conv3d, BatchNorm, ReLU, Pool in each stage; one embedding of the whole clip."""

    modality: ClassVar[Modality] = "video"
    width: int = 128
    channels: tuple[int, ...] = (32, 64, 128, 128)
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the spec's channels."""
        return Cnn3dEncoder(self, face_spec(spec, "cnn3d").channels)


class Cnn3dEncoder(nn.Module):
    """A clip of face crops in, one embedding of it out."""

    def __init__(self, config: Cnn3d, channels_in: int) -> None:
        super().__init__()
        widths = (channels_in, *config.channels)
        # The first stage keeps every frame: most of what moves in a face is over within two or three.
        self.stages = nn.ModuleList(
            _Stage(narrow, wide, 1 if number == 0 else 2) for number, (narrow, wide) in enumerate(pairwise(widths))
        )
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(config.channels[-1], config.width)

    def forward(self, crops: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, channels, height, width] and [batch, frames] -> embedding [batch, 1, width]."""
        there = mask.max(dim=1, keepdim=True).values
        hidden = crops.transpose(1, 2) * mask[:, None, :, None, None]
        for stage in self.stages:
            hidden, mask = stage(hidden, mask)
        mean = hidden.mean(dim=(3, 4)).sum(2) / mask.sum(1, keepdim=True).clamp(min=1.0)
        embedding = self.projection(self.dropout(mean)).relu().unsqueeze(1)
        return Encoded(embedding * there.unsqueeze(-1), there)


class _Stage(nn.Module):
    """Halves height and width, and by `stride_time` the frames."""

    def __init__(self, width_in: int, width_out: int, stride_time: int) -> None:
        super().__init__()
        self.stride_time = stride_time
        self.convolution = nn.Conv3d(width_in, width_out, 3, (stride_time, 1, 1), 1, bias=False)
        self.norm = nn.BatchNorm3d(width_out)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = mask[:, :: self.stride_time]
        hidden = functional.relu(self.norm(self.convolution(hidden))) * mask[:, None, :, None, None]
        return functional.max_pool3d(hidden, (1, 2, 2)), mask
