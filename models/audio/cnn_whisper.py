"""Two that listen in different ways: a network that learned from emotions alone, and Whisper's first layers, which know many voices.

Each is trained by itself, and the weighted mean of what they say is taken. Strangers of whom nothing was heard before are told better than
by either; after eight of their utterances too on calibration, though not on dev (docs/results.md).
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from models.audio.mel_cnn import MelCnn
from models.audio.whisper import Whisper
from models.graph import Encoded, EncoderConfig, FeatureSpec
from streamer.labels import Modality


class CnnWhisper(EncoderConfig, frozen=True, kw_only=True):
    """Both read the same log-mel; their embeddings stand side by side."""

    modality: ClassVar[Modality] = "audio"
    cnn: MelCnn = MelCnn()
    whisper: Whisper = Whisper()
    width: int = 384

    @property
    def parts(self) -> dict[str, EncoderConfig]:
        """What is trained by itself, in the order of the embedding."""
        return {"cnn": self.cnn, "whisper": self.whisper}

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        cnn, whisper = self.cnn.width, self.whisper.width
        if self.width != cnn + whisper:
            raise ValueError(f"cnn-whisper: a width of {self.width}, but its parts have {cnn} and {whisper}")
        return CnnWhisperEncoder(self, spec)


class CnnWhisperEncoder(nn.Module):
    """Log-mel in, one embedding of the voice out."""

    def __init__(self, config: CnnWhisper, spec: FeatureSpec) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: part.build(spec) for name, part in config.parts.items()})

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, n_mels] and [batch, frames] -> embedding [batch, 1, width]."""
        heard: list[Encoded] = [part(features, mask) for part in self.parts.values()]
        return Encoded(torch.cat([one.embedding for one in heard], dim=-1), heard[0].mask)
