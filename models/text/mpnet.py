"""MPNet (Song et al., 2020): a BERT whose attention also knows how far apart two pieces are.

It reads the same word pieces as `models/text/bert.py`, in BERT's numbering: its own differs by a shift, which is taken out of the
published weights once, when they are loaded. Five times the size of what is shipped: it teaches.
"""

import math
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.graph import FeatureSpec
from models.text.bert import Bert, BertEncoder

_SHIFT: Final = 4
"""Where BERT's vocabulary begins in MPNet's."""
_SPECIAL: Final = {0: 1, 101: 0, 102: 2}
"""[PAD], [CLS] and [SEP] as BERT numbers them -> the pieces that do their work in MPNet: <pad>, <s> and </s>."""
_FIRST_POSITION: Final = 2
"""As MPNet counts positions."""
_FURTHEST: Final = 128
"""Pieces; what is further apart is as far as that."""
_NAMES: Final = (
    ("attention.attn.q", "attention.self.query"),
    ("attention.attn.k", "attention.self.key"),
    ("attention.attn.v", "attention.self.value"),
    ("attention.attn.o", "attention.output.dense"),
    ("attention.LayerNorm", "attention.output.LayerNorm"),
    ("encoder.relative_attention_bias", "relative_attention_bias"),
)
"""What the published checkpoints call it -> what BERT does."""
_OURS: Final = ("projection.", "embeddings.token_type_embeddings.")
"""What MPNet does not have."""


class Mpnet(Bert, frozen=True, kw_only=True):
    """The sizes of `Bert`; the defaults are MPNet base."""

    hidden: int = 768
    layers: int = 12
    intermediate: int = 3072
    norm_eps: float = 1e-5
    buckets: int = 32
    """Distances that are told apart."""

    def build(self, spec: FeatureSpec) -> nn.Module:  # noqa: ARG002 - word pieces have no width
        """The encoder with fresh weights."""
        return MpnetEncoder(self)


class MpnetEncoder(BertEncoder):
    """Word pieces in, one embedding of the current utterance out."""

    def __init__(self, config: Mpnet) -> None:
        super().__init__(config)
        self.relative_attention_bias = nn.Embedding(config.buckets, config.heads)

    def attention_bias(self, attention_mask: Tensor) -> Tensor:
        """[batch, tokens] -> [batch, heads, tokens, tokens]: what is padded, and how far apart two pieces are."""
        position = torch.arange(attention_mask.shape[1], device=attention_mask.device)
        distances = bucket(position[None, :] - position[:, None], self.relative_attention_bias.num_embeddings)
        biases: Tensor = self.relative_attention_bias(distances)
        return super().attention_bias(attention_mask) + biases.permute(2, 0, 1)[None]

    def load_pretrained(self, weights: Path) -> None:
        """Take a published `model.safetensors`; the projection and what marks the current utterance stay fresh.

        Raises:
            ValueError: a weight of the encoder is missing there, or has another shape.
        """
        found = {_renamed(name): tensor for name, tensor in load_file(weights).items()}
        own = self.state_dict()
        try:
            found["embeddings.word_embeddings.weight"] = _as_bert_numbers(
                found["embeddings.word_embeddings.weight"], len(own["embeddings.word_embeddings.weight"])
            )
            positions = found["embeddings.position_embeddings.weight"][_FIRST_POSITION:]
            found["embeddings.position_embeddings.weight"] = positions
            found = {name: found[name] for name in own if not name.startswith(_OURS)}
            nn.init.zeros_(self.embeddings.token_type_embeddings.weight)
            self.load_state_dict(found, strict=False)
        except (KeyError, IndexError, RuntimeError) as err:
            raise ValueError(f"{weights}: not a checkpoint of an MPNet of this size ({err})") from err


def bucket(distance: Tensor, buckets: int) -> Tensor:
    """How many pieces later, negative for earlier -> its bucket: half of them for each direction, near ones one by one, then by logarithm.

    As in T5 (Raffel et al., 2020).
    """
    half = buckets // 2
    far = distance.abs()
    exact = half // 2
    ratio = (far.clamp(min=1).float() / exact).log() / math.log(_FURTHEST / exact)
    coarse = (exact + (ratio * (half - exact)).long()).clamp(max=half - 1)
    return (distance > 0).long() * half + torch.where(far < exact, far, coarse)


def _as_bert_numbers(pieces: Tensor, vocabulary: int) -> Tensor:
    """[MPNet's vocabulary, hidden] -> [BERT's, hidden]."""
    numbers = torch.arange(vocabulary) + _SHIFT
    for piece, theirs in _SPECIAL.items():
        numbers[piece] = theirs
    return pieces[numbers]


def _renamed(name: str) -> str:
    for theirs, ours in _NAMES:
        name = name.replace(theirs, ours)
    return name
