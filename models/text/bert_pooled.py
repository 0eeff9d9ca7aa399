"""BERT as a backbone under a fresh projection: frozen or fine-tuned is the stage's decision, the pooling is the recipe's."""

from typing import Literal

import torch
from torch import Tensor, nn

from models.backbone import Backboned
from models.graph import Encoded, FeatureSpec
from models.projection import Projection
from models.text.bert import Bert, BertTrunk, initialise, mean_of_current

Pooling = Literal["cls", "mean"]


class BertPooled(Bert, frozen=True, kw_only=True):
    """The sizes of `Bert`; one vector of the utterance by its first piece or by the mean of its own."""

    width: int = 128
    pooling: Pooling = "cls"
    head_dropout: float = 0.2

    def build(self, spec: FeatureSpec) -> nn.Module:  # noqa: ARG002 - word pieces have no width
        """The encoder with fresh weights."""
        return Backboned(BertBackbone(self), Projection(self.hidden, self.width, self.head_dropout))


class BertBackbone(BertTrunk):
    """Word pieces in, one vector of the utterance out."""

    def __init__(self, config: BertPooled) -> None:
        super().__init__(config)
        self.pooling: Pooling = config.pooling
        self.apply(initialise)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Encoded:
        """Three int64 [batch, tokens] -> embedding [batch, 1, hidden]."""
        hidden = self.hidden(input_ids, attention_mask, token_type_ids)
        pooled = hidden[:, 0] if self.pooling == "cls" else mean_of_current(hidden, attention_mask, token_type_ids)

        return Encoded(pooled.unsqueeze(1), torch.ones_like(pooled[:, :1]))
