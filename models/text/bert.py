"""A BERT encoder (Devlin et al., 2019) in plain torch operations, which export to ONNX as they stand.

The names of its weights are those of the published checkpoints, so that `load_pretrained` reads them without a table.
"""

import math
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models.graph import Encoded, EncoderConfig, FeatureSpec
from streamer.labels import Modality


class Bert(EncoderConfig, frozen=True, kw_only=True):
    """BERT, pooled over the current utterance; the defaults are MiniLM-L6-H384 (Wang et al., 2020)."""

    modality: ClassVar[Modality] = "text"
    width: int = 256
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    intermediate: int = 1536
    vocabulary: int = 30_522
    positions: int = 512
    norm_eps: float = 1e-12
    dropout: float = 0.1

    def build(self, spec: FeatureSpec) -> nn.Module:  # noqa: ARG002 - word pieces have no width
        """The encoder with fresh weights."""
        return BertEncoder(self)


class BertTrunk(nn.Module):
    """Word pieces in, one vector of each out."""

    def __init__(self, config: Bert) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_Layer(config) for _ in range(config.layers))})

    def hidden(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Three int64 [batch, tokens] -> [batch, tokens, hidden]."""
        hidden: Tensor = self.embeddings(input_ids, token_type_ids)
        bias = self.attention_bias(attention_mask)
        for layer in self.encoder["layer"].children():
            hidden = layer(hidden, bias)
        return hidden

    def attention_bias(self, attention_mask: Tensor) -> Tensor:
        """[batch, tokens], 1 where a piece is -> what is added to the scores of every layer, [batch, heads or 1, tokens or 1, tokens]."""
        return (1.0 - attention_mask.float())[:, None, None, :] * -1e4

    def load_pretrained(self, weights: Path) -> None:
        """Take a published `model.safetensors`; the projection stays fresh.

        Raises:
            ValueError: a weight of the encoder is missing there, or has another shape.
        """
        found = {_renamed(name): tensor for name, tensor in load_file(weights).items()}
        own = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("projection.")}
        missing = [name for name in own if name not in found or found[name].shape != own[name].shape]
        if missing:
            raise ValueError(
                f"{weights}: not a checkpoint of this size, for example {missing[0]} is missing or of another shape"
            )
        self.load_state_dict({name: found[name] for name in own}, strict=False)


class BertEncoder(BertTrunk):
    """Word pieces in, one embedding of the current utterance out."""

    def __init__(self, config: Bert) -> None:
        super().__init__(config)
        self.projection = nn.Linear(2 * config.hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.apply(initialise)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Encoded:
        """Three int64 [batch, tokens] -> embedding [batch, 1, width]: CLS beside the mean of the current utterance's pieces."""
        hidden = self.hidden(input_ids, attention_mask, token_type_ids)
        mean = mean_of_current(hidden, attention_mask, token_type_ids)
        pooled = self.dropout(torch.cat([hidden[:, 0], mean], dim=-1))
        embedding = functional.gelu(self.projection(pooled)).unsqueeze(1)
        return Encoded(embedding, torch.ones_like(embedding[:, :, 0]))


def mean_of_current(hidden: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
    """[batch, tokens, hidden] -> [batch, hidden]: over the pieces of the current utterance, which have token type 1."""
    current = (token_type_ids * attention_mask).to(hidden.dtype).unsqueeze(-1)
    return (hidden * current).sum(1) / current.sum(1).clamp(min=1.0)


def _renamed(name: str) -> str:
    """The oldest checkpoints call the norms' weight and bias gamma and beta, and some put everything under `bert`."""
    return (
        name.removeprefix("bert.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias")
    )


class _Embeddings(nn.Module):
    def __init__(self, config: Bert) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.hidden)
        self.position_embeddings = nn.Embedding(config.positions, config.hidden)
        self.token_type_embeddings = nn.Embedding(2, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, eps=config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        summed = (
            self.word_embeddings(input_ids)
            + self.position_embeddings(positions)
            + self.token_type_embeddings(token_type_ids)
        )
        hidden: Tensor = self.dropout(self.LayerNorm(summed))
        return hidden


class _Layer(nn.Module):
    """One transformer layer, normalised after each half."""

    def __init__(self, config: Bert) -> None:
        super().__init__()
        wide = config.hidden
        self.heads = config.heads
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(wide, wide) for name in ("query", "key", "value")}),
                "output": nn.ModuleDict(
                    {"dense": nn.Linear(wide, wide), "LayerNorm": nn.LayerNorm(wide, eps=config.norm_eps)}
                ),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(wide, config.intermediate)})
        self.output = nn.ModuleDict(
            {"dense": nn.Linear(config.intermediate, wide), "LayerNorm": nn.LayerNorm(wide, eps=config.norm_eps)}
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        attended = self.attention["output"]["dense"](self._attend(hidden, bias))  # type: ignore[index]
        hidden = self.attention["output"]["LayerNorm"](hidden + self.dropout(attended))  # type: ignore[index]
        wide = functional.gelu(self.intermediate["dense"](hidden))
        normalised: Tensor = self.output["LayerNorm"](hidden + self.dropout(self.output["dense"](wide)))
        return normalised

    def _attend(self, hidden: Tensor, bias: Tensor) -> Tensor:
        batch, tokens, wide = hidden.shape
        split = (batch, tokens, self.heads, wide // self.heads)
        projections = self.attention["self"]
        query, key, value = (
            projections[name](hidden).reshape(split).transpose(1, 2)  # type: ignore[index]
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(wide // self.heads) + bias
        attended: Tensor = self.dropout(scores.softmax(dim=-1)) @ value
        return attended.transpose(1, 2).reshape(batch, tokens, wide)


def initialise(module: nn.Module) -> None:
    """Fresh weights as the published training began with; for `Module.apply`."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
