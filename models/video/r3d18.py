"""R3D-18 (Tran et al., 2018): a residual network over space and time at once.

The names of its weights are those of torchvision's `r3d_18`. Here the mask is applied after every block, so that a clip that is
shorter than others in its batch gives what it gives alone.
"""

from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from models.backbone import Backboned
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.projection import Projection
from models.published import read_weights, take
from models.video.pixels import KINETICS, Colouring, face_spec
from streamer.features import FaceCropSpec
from streamer.labels import Modality


class R3d18(EncoderConfig, frozen=True, kw_only=True):
    """Two blocks in each of four stages, then Linear, ReLU, Dropout; one embedding of the whole clip."""

    modality: ClassVar[Modality] = "video"
    width: int = 128
    channels: tuple[int, int, int, int] = (64, 128, 256, 512)
    dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        backbone = R3d18Backbone(self, face_spec(spec, "r3d18"))
        return Backboned(backbone, Projection(self.channels[-1], self.width, self.dropout))


class R3d18Backbone(nn.Module):
    """A clip of face crops in, one vector of it out."""

    def __init__(self, config: R3d18, spec: FaceCropSpec) -> None:
        super().__init__()
        first = config.channels[0]
        self.colouring = Colouring(spec, KINETICS)
        self.stem = nn.Sequential(
            nn.Conv3d(3, first, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(first), nn.ReLU()
        )
        self.layer1 = nn.ModuleList([_Block(first, first, 1), _Block(first, first, 1)])
        for number, (narrow, wide) in enumerate(pairwise(config.channels), 2):
            self.add_module(f"layer{number}", nn.ModuleList([_Block(narrow, wide, 2), _Block(wide, wide, 1)]))

    def forward(self, crops: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, channels, height, width] and [batch, frames] -> embedding [batch, 1, last channels]."""
        there = mask.max(dim=1, keepdim=True).values
        hidden = self.colouring(crops).transpose(1, 2) * _over(mask)
        hidden = self.stem(hidden) * _over(mask)
        for name in ("layer1", "layer2", "layer3", "layer4"):
            for block in self.get_submodule(name).children():
                hidden, mask = block(hidden, mask)
        mean = hidden.mean(dim=(3, 4)).sum(2) / mask.sum(1, keepdim=True).clamp(min=1.0)
        return Encoded(mean.unsqueeze(1), there)

    def load_pretrained(self, weights: Path) -> None:
        """Take torchvision's checkpoint.

        Raises:
            ValueError: a weight is missing there, or has another shape.
        """
        take(self, read_weights(weights), weights)


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Sequential(
            nn.Conv3d(width_in, width_out, 3, stride, 1, bias=False), nn.BatchNorm3d(width_out), nn.ReLU()
        )
        self.conv2 = nn.Sequential(nn.Conv3d(width_out, width_out, 3, 1, 1, bias=False), nn.BatchNorm3d(width_out))
        self.downsample: nn.Module | None = None
        if stride > 1 or width_in != width_out:
            self.downsample = nn.Sequential(
                nn.Conv3d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm3d(width_out)
            )

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = mask[:, :: self.stride]
        shortcut = hidden if self.downsample is None else self.downsample(hidden)
        changed = self.conv2(self.conv1(hidden) * _over(mask))
        return functional.relu(shortcut + changed) * _over(mask), mask


def _over(mask: Tensor) -> Tensor:
    """[batch, frames] -> [batch, 1, frames, 1, 1]."""
    return mask[:, None, :, None, None]
