"""Pixels as a published network was trained to see them."""

from typing import Final

import torch
from torch import Tensor, nn

from models.graph import FeatureSpec
from streamer.features import FaceCropSpec

Colours = tuple[float, float, float]
IMAGENET: Final[tuple[Colours, Colours]] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KINETICS: Final[tuple[Colours, Colours]] = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
"""Mean and deviation of each colour, of pixels in [0, 1], as torchvision documents them with its weights."""


def face_spec(spec: FeatureSpec, part: str) -> FaceCropSpec:
    """The spec of a video encoder.

    Raises:
        TypeError: it is of another modality.
    """
    if not isinstance(spec, FaceCropSpec):
        raise TypeError(f"{part} reads face crops, not {type(spec).__name__}")
    return spec


class Colouring(nn.Module):
    """From the spec's normalisation to a published one, and from grey to three equal colours."""

    scale: Tensor
    shift: Tensor

    def __init__(self, spec: FaceCropSpec, published: tuple[Colours, Colours]) -> None:
        super().__init__()
        mean, deviation = torch.tensor(published[0]), torch.tensor(published[1])
        # Crops that were equalised have no level to return to: they are already what every network is trained on.
        scale = torch.ones(3) if spec.equalise else spec.std / deviation
        shift = torch.zeros(3) if spec.equalise else (spec.mean - mean) / deviation
        self.register_buffer("scale", scale.reshape(3, 1, 1), persistent=False)
        self.register_buffer("shift", shift.reshape(3, 1, 1), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        """[..., channels, height, width] -> [..., 3, height, width]."""
        return crops * self.scale + self.shift
