"""ResNet-18 (He et al., 2016) on each face crop by itself. The names of its weights are those of torchvision's `resnet18`."""

from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from models.backbone import Backboned
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.projection import Projection
from models.published import read_weights, take
from models.video.pixels import IMAGENET, Colouring, face_spec
from streamer.features import FaceCropSpec
from streamer.labels import Modality


class ResNet18(EncoderConfig, frozen=True, kw_only=True):
    """Two blocks in each of four stages; one embedding per crop."""

    modality: ClassVar[Modality] = "video"
    incremental: ClassVar[bool] = True
    width: int = 128
    channels: tuple[int, int, int, int] = (64, 128, 256, 512)
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        backbone = ResNet18Backbone(self, face_spec(spec, "resnet18"))
        return Backboned(backbone, Projection(self.channels[-1], self.width, self.dropout))


class ResNet18Backbone(nn.Module):
    """Face crops in, one vector per crop out."""

    def __init__(self, config: ResNet18, spec: FaceCropSpec) -> None:
        super().__init__()
        first = config.channels[0]
        self.colouring = Colouring(spec, IMAGENET)
        self.conv1 = nn.Conv2d(3, first, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = nn.Sequential(_Block(first, first, 1), _Block(first, first, 1))
        for number, (narrow, wide) in enumerate(pairwise(config.channels), 2):
            self.add_module(f"layer{number}", nn.Sequential(_Block(narrow, wide, 2), _Block(wide, wide, 1)))

    def forward(self, crops: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, channels, height, width] and [batch, frames] -> embedding [batch, frames, last channels]."""
        batch, frames = crops.shape[:2]
        hidden = functional.relu(self.bn1(self.conv1(self.colouring(crops.flatten(0, 1)))))
        hidden = functional.max_pool2d(hidden, 3, 2, 1)
        for name in ("layer1", "layer2", "layer3", "layer4"):
            hidden = self.get_submodule(name)(hidden)
        vectors = hidden.mean(dim=(2, 3)).reshape(batch, frames, hidden.shape[1])
        return Encoded(vectors * mask.unsqueeze(-1), mask)

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
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width_out)
        self.downsample: nn.Module | None = None
        if stride > 1 or width_in != width_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out)
            )

    def forward(self, hidden: Tensor) -> Tensor:
        shortcut = hidden if self.downsample is None else self.downsample(hidden)
        changed = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(hidden)))))
        return functional.relu(shortcut + changed)
