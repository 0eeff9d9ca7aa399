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
from models.norm import RunningNorm
from models.published import take
from streamer.features import LogMelSpec
from streamer.features.log_mel import mel_edges_hz
from streamer.features.voice_spectrum import typical_spectrum
from streamer.labels import Modality

_SPEECH_LOG10: Final = 0.6
"""Mean power over time and bands of speech that is recorded neither faintly nor close to clipping."""
_BANDS: Final = LogMelSpec(n_mels=80, f_min_hz=0.0, f_max_hz=8_000.0, mel_scale="slaney")
"""In which it has learned to hear."""


class Whisper(EncoderConfig, frozen=True, kw_only=True):
    """The defaults are the first two of Whisper tiny's four layers, at 25 steps a second; the last ones know words rather than voices.

    Its weights stay as they were published, in every training: on calibration a CNN beside it gains more from them than from layers that
    learned too, which by themselves are right more often (CHANGELOG.md has both).
    """

    modality: ClassVar[Modality] = "audio"
    width: int = 384
    layers: int = 2
    heads: int = 6
    intermediate: int = 1536
    stride: int = 4
    """Frames per step; Whisper has 2."""

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        if not isinstance(spec, LogMelSpec) or spec.relative_to != "session":
            raise TypeError(f"whisper reads log-mel relative to the session, not {spec}")
        return WhisperEncoder(self, spec)


class WhisperEncoder(nn.Module):
    """Log-mel in, one embedding of the voice out: what the last layer says on average, each value relative to the corpora's voices."""

    places: Tensor

    def __init__(self, config: Whisper, spec: LogMelSpec) -> None:
        super().__init__()
        self.hearing = Hearing(spec)
        # Convolutions over three steps as matrix products, which 8-bit graphs compute several times as fast.
        self.conv1 = nn.Linear(3 * _BANDS.n_mels, config.width)
        self.conv2 = nn.Linear(3 * config.width, config.width)
        self.stride = config.stride
        steps = -(-spec.frames(round(spec.max_s * spec.sample_rate_hz)) // config.stride)
        self.register_buffer("places", _sinusoids(steps, config.width, config.stride / 2), persistent=False)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.requires_grad_(requires_grad=False)
        self.norm = RunningNorm(config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, n_mels] and [batch, frames] -> embedding [batch, 1, width]."""
        there = mask.unsqueeze(-1)
        hidden = functional.gelu(self.conv1(_windows(self.hearing(features) * there, 1))) * there
        mask = mask[:, :: self.stride]
        there = mask.unsqueeze(-1)
        hidden = functional.gelu(self.conv2(_windows(hidden, self.stride))) * there + self.places[: mask.shape[1]]
        unseen = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            hidden = layer(hidden, unseen)
        mean = (hidden * there).sum(1) / there.sum(1).clamp(min=1.0)
        heard = mask.max(dim=1, keepdim=True).values
        # Some of its values are hundreds of times larger than those that differ between voices; as they come, nothing is learned.
        return Encoded((self.norm(mean) * heard).unsqueeze(1), heard)

    def load_pretrained(self, weights: Path) -> None:
        """Take the first layers of a published `model.bin`.

        Raises:
            ValueError: a weight is missing there, or has another shape.
        """
        published = {
            _our_name(name): _as_window(torch.from_numpy(values.astype(np.float32)))
            for name, values in read_ctranslate2(weights).items()
            if name.startswith("encoder/")
        }
        statistics = {name: tensor for name, tensor in self.state_dict().items() if name.startswith("norm.")}
        take(self, published | statistics, weights)


class Hearing(nn.Module):
    """Our log-mel -> the log-mel that Whisper has learned to hear.

    Ours is relative to the session; average speech at an average level is put in the session's place. Its own is a quarter of the
    decimal logarithm of power, 1 at a power of 1, in triangles of equal area where ours have equal height. Where its bands lie
    between ours, the level between theirs is taken.
    """

    between: Tensor
    shift: Tensor

    def __init__(self, spec: LogMelSpec) -> None:
        super().__init__()
        ours_hz, its_hz = np.array(mel_edges_hz(spec)), np.array(mel_edges_hz(_BANDS))
        between = np.stack([np.interp(its_hz[1:-1], ours_hz[1:-1], one) for one in np.eye(spec.n_mels)])
        middle = spec.range_db * np.log(10) / 20  # `normalise` adds it
        natural = typical_spectrum(mel_edges_hz(spec)) + np.log(2 / (ours_hz[2:] - ours_hz[:-2])) - middle
        per_natural = 1 / (4 * math.log(10))
        shift = natural @ between * per_natural + (_SPEECH_LOG10 + 4) / 4
        self.register_buffer(
            "between", torch.from_numpy((between * spec.std * per_natural).astype(np.float32)), persistent=False
        )
        self.register_buffer("shift", torch.from_numpy(shift.astype(np.float32)), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """[batch, frames, our bands] -> [batch, frames, its bands]."""
        return features @ self.between + self.shift


def _windows(steps: Tensor, stride: int) -> Tensor:
    """[batch, steps, width] -> [batch, every `stride`-th, 3 * width]: each step between its neighbours, zeros at the ends."""
    padded, count = functional.pad(steps, (0, 0, 1, 1)), steps.shape[1]
    return torch.cat([padded[:, place : place + count : stride] for place in range(3)], dim=-1)


def _as_window(weight: Tensor) -> Tensor:
    """A convolution's [out, in, 3] -> [out, 3 * in]; others stay as they are."""
    return weight.permute(0, 2, 1).flatten(1) if weight.dim() == 3 else weight


def _our_name(published: str) -> str:
    """`encoder/layer_0/ffn/layer_norm/gamma` -> `layers.0.ffn.layer_norm.weight`."""
    name = published.removeprefix("encoder/").replace("/gamma", "/weight").replace("/beta", "/bias")
    return re.sub(r"layer_(\d+)", r"layers.\1", name).replace("/", ".")


class _Layer(nn.Module):
    """One transformer layer, normalised before each half."""

    def __init__(self, config: Whisper) -> None:
        super().__init__()
        wide = config.width
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

    def forward(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        hidden = hidden + self._attend(self.self_attention["layer_norm"](hidden), unseen)
        wider = functional.gelu(self.ffn["linear_0"](self.ffn["layer_norm"](hidden)))
        onwards: Tensor = hidden + self.ffn["linear_1"](wider)
        return onwards

    def _attend(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        batch, steps, wide = hidden.shape
        split = (batch, steps, self.heads, wide // self.heads)
        query, key, value = (
            part.reshape(split).transpose(1, 2) for part in self.self_attention["linear_0"](hidden).chunk(3, dim=-1)
        )
        weights = (query @ key.transpose(-1, -2) / math.sqrt(wide // self.heads) + unseen).softmax(dim=-1)
        found = (weights @ value).transpose(1, 2).reshape(batch, steps, wide)
        attended: Tensor = self.self_attention["linear_1"](found)
        return attended


def _sinusoids(steps: int, width: int, apart: float) -> Tensor:
    """Its positions, every `apart`: [steps, width]."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(steps)[:, None] * apart * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
