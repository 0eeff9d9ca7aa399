"""A small convolutional network on log-mel: strided early, so that a few milliseconds are enough on one CPU thread."""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.pooling import AttentiveStatistics
from streamer.features import LogMelSpec
from streamer.labels import Modality


class MelCnn(EncoderConfig, frozen=True, kw_only=True):
    """2-D convolutions over time and mel bands, then attentive statistics over time."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    channels: tuple[int, int, int, int] = (24, 48, 96, 128)
    temporal: int = 160
    dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the spec's mel bands."""
        if not isinstance(spec, LogMelSpec):
            raise TypeError(f"mel-cnn reads log-mel, not {type(spec).__name__}")
        return MelCnnEncoder(self, spec.n_mels)


class MelCnnEncoder(nn.Module):
    """Log-mel in, one embedding of the voice out."""

    def __init__(self, config: MelCnn, n_mels: int) -> None:
        super().__init__()
        first, second, third, fourth = config.channels
        self.blocks = nn.ModuleList(
            [
                _Block(1, first, kernel=5, stride_time=2),
                _Block(first, second, stride_time=2),
                _Residual(second),
                _Block(second, third, stride_time=2),
                _Residual(third),
                _Block(third, fourth, stride_time=1),
            ]
        )
        bands = -(-n_mels // 16)
        self.flatten = nn.Linear(fourth * bands, config.temporal)
        self.norm = nn.BatchNorm1d(config.temporal)
        self.temporal = nn.Conv1d(config.temporal, config.temporal, 3, padding=1)
        self.pooling = AttentiveStatistics(config.temporal, 64)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(2 * config.temporal, config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, steps, n_mels] and [batch, steps] -> embedding [batch, 1, width].

        The mask is applied after every block, so that padding changes nothing: a clip alone and in a batch gives the same.
        """
        hidden = (features * mask.unsqueeze(-1)).unsqueeze(1)
        for block in self.blocks:
            hidden, mask = block(hidden, mask)
        steps = self.flatten(hidden.permute(0, 2, 1, 3).flatten(2)).transpose(1, 2)
        steps = functional.relu(self.norm(steps)) * mask.unsqueeze(1)
        steps = (steps + functional.relu(self.temporal(steps))).transpose(1, 2)
        pooled = self.dropout(self.pooling(steps, mask))
        embedding = functional.gelu(self.projection(pooled)).unsqueeze(1)
        return Encoded(embedding, mask.max(dim=1, keepdim=True).values)


class _Block(nn.Module):
    """Convolution that halves the bands and, where `stride_time` is 2, the steps."""

    def __init__(self, width_in: int, width_out: int, *, kernel: int = 3, stride_time: int) -> None:
        super().__init__()
        self.stride_time = stride_time
        self.convolution = nn.Conv2d(width_in, width_out, kernel, (stride_time, 2), kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(width_out)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = mask[:, :: self.stride_time]
        return functional.relu(self.norm(self.convolution(hidden))) * mask[:, None, :, None], mask


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        changed = functional.relu(self.norm(self.convolution(hidden)))
        return (hidden + changed) * mask[:, None, :, None], mask
