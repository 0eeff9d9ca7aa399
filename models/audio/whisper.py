"""Whisper's encoder (Radford et al., 2023), cut to what a voice's emotion needs, in plain torch operations that export as they stand.

It heard 680,000 hours of speech before: more voices and microphones than every corpus of emotions together. The words are not wanted
here, so fewer than its 50 steps a second are enough. The names of its weights are those of the published CTranslate2 files.
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
_STRIDE: Final = 2
"""Frames per step."""
_BANDS: Final = LogMelSpec(n_mels=80, f_min_hz=0.0, f_max_hz=8_000.0, mel_scale="slaney")
"""In which it has learned to hear."""


class Whisper(EncoderConfig, frozen=True, kw_only=True):
    """The defaults are the first three of Whisper tiny's four layers; the last one knows words rather than voices.

    Its weights stay as they were published, in every training. What learns is one layer on what all of them say: of each value the mean
    over the utterance, and how much it moves. Steps that are averaged tell more than every second one of them does (CHANGELOG.md).
    """

    modality: ClassVar[Modality] = "audio"
    width: int = 256
    state: int = 384
    """Width of Whisper's layers."""
    together: tuple[int, ...] = (2, 2, 1)
    """For each of its first layers, how many steps are averaged into one before it; it begins with 50 a second."""
    heads: int = 6
    intermediate: int = 1536
    dropout: float = 0.5

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        if not isinstance(spec, LogMelSpec) or spec.relative_to != "session":
            raise TypeError(f"whisper reads log-mel relative to the session, not {spec}")
        return WhisperEncoder(self, spec)


class WhisperEncoder(nn.Module):
    """Log-mel in, one embedding of the voice out."""

    places: Tensor

    def __init__(self, config: Whisper, spec: LogMelSpec) -> None:
        super().__init__()
        self.hearing = Hearing(spec)
        # Convolutions over three steps as matrix products, which 8-bit graphs compute several times as fast.
        self.conv1 = nn.Linear(3 * _BANDS.n_mels, config.state)
        self.conv2 = nn.Linear(3 * config.state, config.state)
        self.together = config.together
        steps = -(-spec.frames(round(spec.max_s * spec.sample_rate_hz)) // _STRIDE)
        self.register_buffer("places", _sinusoids(steps, config.state), persistent=False)
        self.layers = nn.ModuleList(_Layer(config) for _ in config.together)
        self.requires_grad_(requires_grad=False)
        self.moments = 2 * len(config.together) * config.state
        self.norm = RunningNorm(self.moments)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(self.moments, config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, n_mels] and [batch, frames] -> embedding [batch, 1, width]."""
        there = mask.unsqueeze(-1)
        hidden = functional.gelu(self.conv1(_windows(self.hearing(features) * there, 1))) * there
        mask = mask[:, ::_STRIDE]
        hidden = functional.gelu(self.conv2(_windows(hidden, _STRIDE))) + self.places[: mask.shape[1]]
        said: list[Tensor] = []
        for layer, together in zip(self.layers, self.together, strict=True):
            hidden, mask = _averaged(hidden, mask, together)
            hidden = layer(hidden, (1.0 - mask)[:, None, None, :] * -1e4)
            said += _moments(hidden, mask)
        # Some of its values are hundreds of times larger than those that differ between voices; as they come, nothing is learned.
        known = self.dropout(self.norm(torch.cat(said, dim=-1).reshape(-1, self.moments)))
        embedding = self.dropout(functional.relu(self.projection(known)))
        heard = mask.max(dim=1, keepdim=True).values
        return Encoded((embedding * heard).unsqueeze(1), heard)

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
        own = {name: tensor for name, tensor in self.state_dict().items() if name.startswith(("norm.", "projection."))}
        take(self, published | own, weights)


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


def _averaged(steps: Tensor, mask: Tensor, together: int) -> tuple[Tensor, Tensor]:
    """[batch, steps, width] and [batch, steps] -> the means of each `together` steps that are there, and whether any was."""
    if together == 1:
        return steps, mask

    def summed(padded: Tensor) -> Tensor:
        # One after the other: a sum over a new axis takes several times as long.
        first, *others = (padded[:, place : place + steps.shape[1] : together] for place in range(together))
        return sum(others, first)

    found = summed(functional.pad(steps * mask.unsqueeze(-1), (0, 0, 0, together - 1)))
    count = summed(functional.pad(mask, (0, together - 1)))
    return found / count.clamp(min=1.0).unsqueeze(-1), count.clamp(max=1.0)


def _moments(steps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """[batch, steps, width] and [batch, steps] -> mean and standard deviation over the steps that are there, [batch, 1, width] each."""
    with torch.autocast(steps.device.type, enabled=False):  # in bfloat16 large values would hide what differs
        share = (mask / mask.sum(1, keepdim=True).clamp(min=1.0)).unsqueeze(1)
        mean = share @ steps.float()
        variance = share @ (steps.float() - mean).square()
        return mean, variance.clamp(min=1e-6).sqrt()


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
        wide = config.state
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
        split = self.self_attention["linear_0"](hidden).reshape(batch, steps, 3, self.heads, wide // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (query @ key.transpose(-1, -2) / math.sqrt(wide // self.heads) + unseen).softmax(dim=-1)
        found = (weights @ value).transpose(1, 2).reshape(batch, steps, wide)
        attended: Tensor = self.self_attention["linear_1"](found)
        return attended


def _sinusoids(steps: int, width: int) -> Tensor:
    """Its positions: [steps, width]."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(steps)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
