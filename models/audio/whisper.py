"""Whisper's encoder (Radford et al., 2023), cut to what a voice's emotion needs, in plain torch operations that export as they stand.

It heard 680,000 hours of speech before: more voices and microphones than every corpus of emotions together. The words are not wanted
here, so half of its 50 steps a second are enough. The names of its weights are those of the published CTranslate2 files.
"""

import math
import re
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.ctranslate2_file import read_ctranslate2
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.norm import VectorNorm
from models.pooling import AttentiveStatistics, mean_of_every
from models.published import take
from streamer.features import LogMelSpec
from streamer.features.log_mel import mel_edges_hz
from streamer.features.voice_spectrum import typical_spectrum
from streamer.labels import Modality

_SPEECH_LOG10: Final = 0.6
"""Mean power over time and bands of speech that is recorded neither faintly nor close to clipping."""


class Whisper(EncoderConfig, frozen=True, kw_only=True):
    """The defaults are the first three of Whisper tiny's four layers, at 25 steps a second; the fourth knows words rather than voices."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    hidden: int = 384
    layers: int = 3
    heads: int = 6
    intermediate: int = 1536
    pooled_steps: int = 2
    """Of the convolutions' 50 steps a second, the mean of so many goes through the layers."""
    dropout: float = 0.05
    head_dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        if not isinstance(spec, LogMelSpec) or spec.relative_to != "session":
            raise TypeError(f"whisper reads log-mel relative to the session, not {spec}")
        return WhisperEncoder(self, spec)


class WhisperEncoder(nn.Module):
    """Log-mel in, one embedding of the voice out."""

    shift: Tensor
    places: Tensor

    def __init__(self, config: Whisper, spec: LogMelSpec) -> None:
        super().__init__()
        self.scale, shift = _as_whisper_heard(spec)
        self.register_buffer("shift", shift, persistent=False)
        self.conv1 = nn.Conv1d(spec.n_mels, config.hidden, 3, padding=1)
        self.conv2 = nn.Conv1d(config.hidden, config.hidden, 3, stride=2, padding=1)
        steps = -(-spec.frames(round(spec.max_s * spec.sample_rate_hz)) // 2)
        self.register_buffer("places", _sinusoids(steps, config.hidden, config.pooled_steps), persistent=False)
        self.pooled_steps = config.pooled_steps
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.layer_norm = nn.LayerNorm(config.hidden)
        self.pooling = AttentiveStatistics(config.hidden, 64)
        self.norm = VectorNorm(2 * config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.head_dropout = nn.Dropout(config.head_dropout)
        self.projection = nn.Linear(2 * config.hidden, config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, n_mels] and [batch, frames] -> embedding [batch, 1, width]."""
        heard = (features * self.scale + self.shift) * mask.unsqueeze(-1)
        hidden = functional.gelu(self.conv1(heard.transpose(1, 2))) * mask.unsqueeze(1)
        mask = mask[:, ::2]
        hidden = functional.gelu(self.conv2(hidden)).transpose(1, 2) * mask.unsqueeze(-1)
        hidden, mask = mean_of_every(self.pooled_steps, hidden, mask)
        hidden = self.dropout(hidden + self.places[: hidden.shape[1]])
        unseen = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            hidden = layer(hidden, unseen)
        # Some of its values are hundreds of times larger than those that differ between voices; as they come, nothing is learned.
        pooled = self.norm(self.pooling(self.layer_norm(hidden) * mask.unsqueeze(-1), mask))
        embedding = functional.gelu(self.projection(self.head_dropout(pooled))).unsqueeze(1)
        there = mask.max(dim=1, keepdim=True).values
        return Encoded(embedding * there.unsqueeze(-1), there)

    def load_pretrained(self, weights: Path) -> None:
        """Take the first layers of a published `model.bin`; what comes after them stays fresh.

        Raises:
            ValueError: a weight is missing there, or has another shape.
        """
        published = {
            _our_name(name): torch.from_numpy(values.astype(np.float32))
            for name, values in read_ctranslate2(weights).items()
            if name.startswith("encoder/")
        }
        fresh = {
            name: tensor
            for name, tensor in self.state_dict().items()
            if name.startswith(("pooling.", "norm.", "projection."))
        }
        take(self, published | fresh, weights)


def _our_name(published: str) -> str:
    """`encoder/layer_0/ffn/layer_norm/gamma` -> `layers.0.ffn.layer_norm.weight`."""
    name = published.removeprefix("encoder/").replace("/gamma", "/weight").replace("/beta", "/bias")
    return re.sub(r"layer_(\d+)", r"layers.\1", name).replace("/", ".")


class _Layer(nn.Module):
    """One transformer layer, normalised before each half."""

    def __init__(self, config: Whisper) -> None:
        super().__init__()
        wide = config.hidden
        self.heads = config.heads
        self.self_attention = nn.ModuleDict(
            {"layer_norm": nn.LayerNorm(wide), "linear_0": nn.Linear(wide, 3 * wide), "linear_1": nn.Linear(wide, wide)}
        )
        self.ffn = nn.ModuleDict(
            {
                "layer_norm": nn.LayerNorm(wide),
                "linear_0": nn.Linear(wide, config.intermediate),
                "linear_1": nn.Linear(config.intermediate, wide),
            }
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        hidden = hidden + self.dropout(self._attend(self.self_attention["layer_norm"](hidden), unseen))
        wider = functional.gelu(self.ffn["linear_0"](self.ffn["layer_norm"](hidden)))
        onwards: Tensor = hidden + self.dropout(self.ffn["linear_1"](wider))
        return onwards

    def _attend(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        batch, steps, wide = hidden.shape
        split = (batch, steps, self.heads, wide // self.heads)
        query, key, value = (
            part.reshape(split).transpose(1, 2) for part in self.self_attention["linear_0"](hidden).chunk(3, dim=-1)
        )
        weights = (query @ key.transpose(-1, -2) / math.sqrt(wide // self.heads) + unseen).softmax(dim=-1)
        found = (self.dropout(weights) @ value).transpose(1, 2).reshape(batch, steps, wide)
        attended: Tensor = self.self_attention["linear_1"](found)
        return attended


def _as_whisper_heard(spec: LogMelSpec) -> tuple[float, Tensor]:
    """What brings our features to its own: a factor, and a shift of each band.

    Ours are relative to the session; average speech at an average level is put in the session's place. Its own are a quarter of the
    decimal logarithm of power, and 1 at a power of 1, with triangles of equal area where ours have equal height.
    """
    edges_hz = np.array(mel_edges_hz(spec))
    middle = spec.range_db * np.log(10) / 20  # `normalise` adds it
    natural = typical_spectrum(mel_edges_hz(spec)) + np.log(2 / (edges_hz[2:] - edges_hz[:-2])) - middle
    per_natural = 1 / (4 * math.log(10))
    return spec.std * per_natural, torch.from_numpy(
        (natural * per_natural + (_SPEECH_LOG10 + 4) / 4).astype(np.float32)
    )


def _sinusoids(steps: int, width: int, each: int) -> Tensor:
    """Its positions, [pooled steps, width]: the mean of every `each`."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(steps)[:, None] * rates
    places = torch.cat([angles.sin(), angles.cos()], dim=1).unsqueeze(0)
    return mean_of_every(each, places, torch.ones(1, steps))[0][0]
