"""Encoders and fusion together, on clips that have words, voice and face of one moment."""

from typing import Literal

import msgspec

from streamer.labels import Modality
from training.loop import LoopConfig


class JointStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training of a whole network, which also writes it and its calibration. Its modalities are those of the recipe's network."""

    name: str = "joint"
    corpora: tuple[str, ...] = ("meld-clips",)
    loop: LoopConfig
    start: dict[Modality, str] = {}
    """Published weights that an encoder starts from: names in `training.weights.WEIGHTS`; the others start fresh."""
    frozen: tuple[Modality, ...] = ()
    """Encoders that do not learn: of a `models.backbone.Backboned` its backbone, of another the whole. What they give is computed once
    and kept in the cache."""
    rate_factors: dict[Modality | Literal["fusion"], float] = {}
    """Learning rates relative to the loop's."""
    modality_dropout: float = 0.0
    """How often each modality of a training sample is left out; never all of them."""
    score: Literal["accuracy", "weighted_f1", "macro_f1"] = "weighted_f1"
    """On calibration samples: picks the epoch, moves the plateau schedule, stops early."""
    coverage: float = 0.9
    """Of the conformal prediction sets."""
    limit: int | None = None
    """At most this many samples per split: for the smallest size."""


class DialogueStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training on whole dialogues: each step of a sequence is one utterance with labels of its own (`acoustic-rnn`).

    The network has one encoder, for audio, which gives one embedding per step; the fusion decides on each step by itself.
    """

    name: str = "dialogue"
    features: Literal["pickles", "praat", "clips"]
    """MELD's published acoustic features (any width), the Praat values beside its tables, or the encoder's own spec on the clips."""
    loop: LoopConfig
    max_utterances: int = 33
    """Of a dialogue, the last so many; MELD's longest has 33."""
    score: Literal["accuracy", "weighted_f1", "macro_f1"] = "weighted_f1"
    coverage: float = 0.9
    limit: int | None = None
    """At most this many dialogues per split."""
