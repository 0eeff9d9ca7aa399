"""wav2vec 2.0 (Baevski et al., 2020) in plain torch operations, which export to ONNX as they stand and obey the mask.

The names of its weights are those of the published checkpoints. The first convolution's norm runs over time: here it runs over the
samples that are there, so that a clip alone and in a batch gives the same.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.backbone import Backboned
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.pooling import mean_of_every
from models.projection import Projection
from models.published import read_weights, take
from streamer.features import WaveformSpec
from streamer.labels import Modality

KERNELS: Final = (10, 3, 3, 3, 3, 2, 2)
STRIDES: Final = (5, 2, 2, 2, 2, 2, 2)
SILENCE: Final = 0.5
"""Of samples that were brought to unit variance: below about -70 dBFS the variance of the sound itself is lost in what keeps the
division finite, and what is left is this small."""
_SHARE: Final = 1e-6
"""Keeps divisions finite where nothing is there. Over samples, means are divided by the share that is there, never sums by a number: in
half precision none is larger than 65,504, which is four seconds of sound."""


class Wav2Vec2(EncoderConfig, frozen=True, kw_only=True):
    """The defaults are the published base size, pooled to five steps a second."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    channels: int = 512
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    intermediate: int = 3072
    position_kernel: int = 128
    position_groups: int = 16
    pooled_steps: int = 10
    """Of the network's 50 steps a second, the mean of so many is one step of the embedding."""
    dropout: float = 0.1
    head_dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights."""
        if not isinstance(spec, WaveformSpec) or not spec.unit_variance:
            raise TypeError(f"wav2vec2 reads a waveform of unit variance, not {spec}")
        return Backboned(Wav2Vec2Backbone(self), Projection(self.hidden, self.width, self.head_dropout))


class Wav2Vec2Backbone(nn.Module):
    """Samples in, a few vectors a second out; silence is masked."""

    def __init__(self, config: Wav2Vec2) -> None:
        super().__init__()
        widths = (1, *[config.channels] * len(KERNELS))
        layers = [
            _Convolution(width_in, width_out, kernel, stride, normed=width_in == 1)
            for (width_in, width_out), kernel, stride in zip(pairwise(widths), KERNELS, STRIDES, strict=True)
        ]
        self.feature_extractor = nn.ModuleDict({"conv_layers": nn.ModuleList(layers)})
        self.feature_projection = nn.ModuleDict(
            {"layer_norm": nn.LayerNorm(config.channels), "projection": nn.Linear(config.channels, config.hidden)}
        )
        self.encoder = _Encoder(config)
        self.dropout = nn.Dropout(config.dropout)
        self.pooled_steps = config.pooled_steps

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, samples, 1] and [batch, samples] -> embedding [batch, steps, hidden], one step per 20 ms times `pooled_steps`."""
        return Encoded(*mean_of_every(self.pooled_steps, *self.steps(features, mask)))

    def steps(self, features: Tensor, mask: Tensor) -> Encoded:
        """The same inputs -> the published network's last layer, one step per 20 ms."""
        samples = features.squeeze(-1) * mask
        power = samples.square().mean(1) / mask.mean(1).clamp(min=_SHARE)
        hidden, count = samples.unsqueeze(1), mask.long().sum(1)
        for layer in self.feature_extractor["conv_layers"].children():
            hidden, count = layer(hidden, count)
        there = _first(hidden.shape[2], count, hidden) * (power > SILENCE).to(hidden.dtype).unsqueeze(1)
        steps = self.feature_projection["layer_norm"](hidden.transpose(1, 2))
        steps = self.dropout(self.feature_projection["projection"](steps))
        return Encoded(self.encoder(steps, there) * there.unsqueeze(-1), there)

    def load_pretrained(self, weights: Path) -> None:
        """Take a published checkpoint.

        Raises:
            ValueError: a weight is missing there, or has another shape.
        """
        found = {name.removeprefix("wav2vec2."): tensor for name, tensor in read_weights(weights).items()}
        prefix = "encoder.pos_conv_embed.conv"
        for size, direction in (
            ("weight_g", "weight_v"),
            ("parametrizations.weight.original0", "parametrizations.weight.original1"),
        ):
            if f"{prefix}.{size}" in found:  # weight norm: published as a length and a direction per tap
                vector = found[f"{prefix}.{direction}"]
                length = vector.norm(dim=(0, 1), keepdim=True)
                found[f"{prefix}.weight"] = found[f"{prefix}.{size}"] * vector / length
        take(self, found, weights)


class _Convolution(nn.Module):
    """One layer of the feature extractor; the first has a norm of each channel over time."""

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int, *, normed: bool) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv1d(width_in, width_out, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(width_out, width_out) if normed else None

    def forward(self, hidden: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.conv(hidden)
        count = (torch.div(count - self.kernel, self.stride, rounding_mode="floor") + 1).clamp(min=0)
        if self.layer_norm is not None:
            there = _first(hidden.shape[2], count, hidden).unsqueeze(1)
            share = there.mean(2, keepdim=True).clamp(min=_SHARE)
            centred = hidden - (hidden * there).mean(2, keepdim=True) / share
            variance = (centred.square() * there).mean(2, keepdim=True) / share
            hidden = centred / (variance + self.layer_norm.eps).sqrt()
            hidden = hidden * self.layer_norm.weight[:, None] + self.layer_norm.bias[:, None]
        return functional.gelu(hidden), count


class _Encoder(nn.Module):
    """Positions by a grouped convolution, then transformer layers that are normalised after each half."""

    def __init__(self, config: Wav2Vec2) -> None:
        super().__init__()
        self.pos_conv_embed = nn.ModuleDict(
            {
                "conv": nn.Conv1d(
                    config.hidden,
                    config.hidden,
                    config.position_kernel,
                    padding=config.position_kernel // 2,
                    groups=config.position_groups,
                )
            }
        )
        self.layer_norm = nn.LayerNorm(config.hidden)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        steps = steps * mask.unsqueeze(-1)
        positions = self.pos_conv_embed["conv"](steps.transpose(1, 2))[:, :, : steps.shape[1]]
        hidden: Tensor = self.dropout(self.layer_norm(steps + functional.gelu(positions).transpose(1, 2)))
        unseen = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            hidden = layer(hidden, unseen)
        return hidden


class _Layer(nn.Module):
    def __init__(self, config: Wav2Vec2) -> None:
        super().__init__()
        wide = config.hidden
        self.heads = config.heads
        self.attention = nn.ModuleDict({n: nn.Linear(wide, wide) for n in ("k_proj", "v_proj", "q_proj", "out_proj")})
        self.layer_norm = nn.LayerNorm(wide)
        self.feed_forward = nn.ModuleDict(
            {
                "intermediate_dense": nn.Linear(wide, config.intermediate),
                "output_dense": nn.Linear(config.intermediate, wide),
            }
        )
        self.final_layer_norm = nn.LayerNorm(wide)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        batch, steps, wide = hidden.shape
        query, key, value = (
            self.attention[name](hidden).reshape(batch, steps, self.heads, wide // self.heads).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        weights = (query @ key.transpose(-1, -2) / math.sqrt(wide // self.heads) + unseen).softmax(dim=-1)
        found = (self.dropout(weights) @ value).transpose(1, 2).reshape(batch, steps, wide)
        hidden = self.layer_norm(hidden + self.dropout(self.attention["out_proj"](found)))
        wider = self.dropout(functional.gelu(self.feed_forward["intermediate_dense"](hidden)))
        normalised: Tensor = self.final_layer_norm(hidden + self.dropout(self.feed_forward["output_dense"](wider)))
        return normalised


def _first(steps: int, count: Tensor, like: Tensor) -> Tensor:
    """[batch, steps]: 1 for the first `count` steps of each."""
    return (torch.arange(steps, device=like.device)[None, :] < count[:, None]).to(like.dtype)
