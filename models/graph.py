"""The language that every network part speaks, whatever the recipe: the same as the bundle's graphs (`streamer/bundle.py`)."""

from typing import ClassVar, Final, NamedTuple

import msgspec
from torch import Tensor, nn

from streamer.features import AudioSpec, FaceCropSpec, TextSpec
from streamer.labels import Modality

FeatureSpec = TextSpec | AudioSpec | FaceCropSpec
ENCODER_INPUTS: Final[dict[Modality, tuple[str, ...]]] = {
    "text": ("input_ids", "attention_mask", "token_type_ids"),
    "audio": ("features", "mask"),
    "video": ("crops", "mask"),
}
"""In the order of an encoder's forward."""


class Encoded(NamedTuple):
    """What an encoder says of one modality."""

    embedding: Tensor
    """[batch, steps, width]; zero where the mask is."""
    mask: Tensor
    """[batch, steps], float32, 1 for a step that is there."""


class Fused(NamedTuple):
    """What a fusion says of the utterance."""

    emotion_logits: Tensor
    """[batch, 7], in the order of `labels.EMOTIONS`."""
    sentiment_logits: Tensor
    """[batch, 3], in the order of `labels.SENTIMENTS`."""
    weights: Tensor
    """[batch, 3]: how much text, audio and video counted; sums to 1 over those present."""


class EncoderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of one encoder. A subclass is named in `models.REGISTRY` and knows how to build its module."""

    modality: ClassVar[Modality]
    incremental: ClassVar[bool] = False
    """A video encoder that looks at each frame by itself."""
    width: int
    """Of the embedding."""

    @property
    def parts(self) -> dict[str, "EncoderConfig"]:
        """Encoders in it that are trained by themselves: in its module under `parts`, in its embedding side by side. None: it is one."""
        return {}

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The module, with fresh weights; its forward takes the graph's inputs and gives `Encoded`."""
        raise NotImplementedError


class FusionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of one fusion. A subclass is named in `models.REGISTRY`."""

    def build(self, widths: dict[Modality, int]) -> nn.Module:
        """The module, with fresh weights; its forward takes three embeddings, then three masks, and gives `Fused`."""
        raise NotImplementedError
