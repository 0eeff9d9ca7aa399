"""A light residual network on small face crops, one frame at a time: time is left to the fusion."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from models.graph import Encoded, EncoderConfig, FeatureSpec
from streamer.features import FaceCropSpec
from streamer.labels import Modality


class FaceCnn(EncoderConfig, frozen=True, kw_only=True):
    """Residual 3x3 convolutions (He et al., 2016), halved after each stage, averaged over the picture."""

    modality: ClassVar[Modality] = "video"
    incremental: ClassVar[bool] = True
    width: int = 128
    channels: tuple[int, ...] = (40, 80, 160, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 1)
    """Residual blocks of each stage."""
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the spec's channels."""
        if not isinstance(spec, FaceCropSpec):
            raise TypeError(f"face-cnn reads face crops, not {type(spec).__name__}")
        return FaceCnnEncoder(self, spec.channels)


class FaceCnnEncoder(nn.Module):
    """Face crops in, one embedding per crop out."""

    def __init__(self, config: FaceCnn, channels_in: int) -> None:
        super().__init__()
        wide = config.channels
        self.stem = nn.Sequential(
            nn.Conv2d(channels_in, wide[0], 3, 2, 1, bias=False), nn.BatchNorm2d(wide[0]), nn.ReLU()
        )
        stages: list[nn.Module] = []
        for stage, (narrow, wider) in enumerate(pairwise((wide[0], *wide))):
            stages += [_Residual(narrow, wider, 1 if stage == 0 else 2)]
            stages += [_Residual(wider, wider, 1) for _ in range(config.blocks[stage] - 1)]
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(wide[-1], config.width)

    def forward(self, crops: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, channels, height, width] and [batch, frames] -> embedding [batch, frames, width]."""
        batch, frames = crops.shape[:2]
        hidden = self.stages(self.stem(crops.flatten(0, 1)))
        pooled = self.dropout(hidden.mean(dim=(2, 3)))
        embedding = functional.gelu(self.projection(pooled)).reshape(batch, frames, self.projection.out_features)
        return Encoded(embedding * mask.unsqueeze(-1), mask)


class _Residual(nn.Module):
    """Two convolutions beside a shortcut (He et al., 2016)."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width_out),
            nn.ReLU(),
            nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width_out),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or width_in != width_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out)
            )

    def forward(self, hidden: Tensor) -> Tensor:
        return functional.relu(self.body(hidden) + self.shortcut(hidden))
