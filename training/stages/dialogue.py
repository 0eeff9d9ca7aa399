"""An audio encoder over the utterances of whole dialogues, each with labels of its own."""

from typing import Literal

import msgspec

from training.loop import LoopConfig


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
