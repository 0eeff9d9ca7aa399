"""A BiLSTM over word pieces (Graves & Schmidhuber, 2005): a text encoder that needs no published weights."""

from typing import ClassVar

from torch import Tensor, nn

from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.pooling import AttentivePooling
from models.recurrent import MaskedRecurrent
from streamer.labels import Modality


class BiLstm(EncoderConfig, frozen=True, kw_only=True):
    """Embedded pieces, read in both directions, pooled over the current utterance by learned attention."""

    modality: ClassVar[Modality] = "text"
    width: int = 128
    vocabulary: int = 30_522
    embedding: int = 128
    hidden: int = 128
    layers: int = 1
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:  # noqa: ARG002 - word pieces have no width
        """The encoder with fresh weights."""
        return BiLstmEncoder(self)


class BiLstmEncoder(nn.Module):
    """Word pieces in, one embedding of the current utterance out."""

    def __init__(self, config: BiLstm) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        self.recurrent = MaskedRecurrent("lstm", config.embedding, config.hidden, config.layers, dropout=config.dropout)
        self.pooling = AttentivePooling(self.recurrent.width, 64)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(self.recurrent.width, config.width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Encoded:
        """Three int64 [batch, tokens] -> embedding [batch, 1, width]: the dialogue is read, the current utterance is pooled."""
        there = attention_mask.to(self.projection.weight.dtype)
        hidden = self.recurrent(self.dropout(self.embedding(input_ids)), there)
        current = there * token_type_ids.to(there.dtype)
        pooled = self.dropout(self.pooling(hidden, current))
        mask = current.max(dim=1, keepdim=True).values
        return Encoded(self.projection(pooled).relu().unsqueeze(1) * mask.unsqueeze(-1), mask)
