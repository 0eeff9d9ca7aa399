"""A recurrent network over the utterances of a dialogue: how the voice was before tells what it means now."""

from typing import ClassVar

from torch import Tensor, nn

from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.norm import VectorNorm
from models.recurrent import Cell, MaskedRecurrent, newest
from streamer.features import FunctionalsSpec, VectorsSpec
from streamer.labels import Modality


class AcousticRnn(EncoderConfig, frozen=True, kw_only=True):
    """One vector of acoustic statistics per utterance, of any width, read by a BiGRU (one layer) or a BiLSTM (two)."""

    modality: ClassVar[Modality] = "audio"
    width: int = 128
    cell: Cell = "gru"
    hidden: int = 128
    layers: int = 1
    input_dropout: float = 0.1
    dropout: float = 0.4

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the width of the spec's vectors."""
        if not isinstance(spec, FunctionalsSpec | VectorsSpec):
            raise TypeError(f"acoustic-rnn reads one vector per utterance, not {type(spec).__name__}")
        return AcousticRnnEncoder(self, spec.width)


class AcousticRnnEncoder(nn.Module):
    """A dialogue's vectors in, the embedding of its newest utterance out."""

    def __init__(self, config: AcousticRnn, vector: int) -> None:
        super().__init__()
        self.norm = StepNorm(vector)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.recurrent = MaskedRecurrent(config.cell, vector, config.hidden, config.layers, dropout=config.dropout)
        self.projection = nn.Linear(self.recurrent.width, config.width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        """[batch, utterances, vector] and [batch, utterances], the newest last -> its embedding [batch, 1, width]."""
        steps, _ = self.every_step(features, mask)
        return Encoded(newest(steps, mask), mask.max(dim=1, keepdim=True).values)

    def every_step(self, features: Tensor, mask: Tensor) -> Encoded:
        """The same inputs -> one embedding for each utterance, [batch, utterances, width]: for heads that are distributed over time."""
        hidden = self.recurrent(self.input_dropout(self.norm(features, mask)), mask)
        return Encoded(self.projection(self.dropout(hidden)).relu() * mask.unsqueeze(-1), mask)


class StepNorm(nn.Module):
    """Batch normalisation of each value over the steps that are there: acoustic statistics come in all units."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = VectorNorm(width)

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """[batch, steps, width] and [batch, steps] -> the same shape; zeros where the mask is."""
        if self.training:
            there = mask > 0
            normalised = steps.new_zeros(steps.shape)
            normalised[there] = self.norm(steps[there])
            return normalised
        # Selecting steps has a shape that depends on their values; where nothing is learned, all can be normalised alike.
        alike: Tensor = self.norm(steps.flatten(0, 1)).reshape(steps.shape)
        return alike * mask.unsqueeze(-1)
