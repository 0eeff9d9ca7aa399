"""`acoustic-rnn`: the voice alone, utterance after utterance of a dialogue."""

from typing import Final, Literal

import msgspec

from models.network import Encoding
from streamer.features import VectorsSpec
from training.loop import LoopConfig
from training.recipes import parts
from training.recipes.recipe import Recipe, Size
from training.stages.dialogue import DialogueStage

Cell = Literal["gru", "bilstm"]
"""A bidirectional GRU of one layer, or a bidirectional LSTM of two."""
Features = Literal["clips", "praat", "meld-1611", "meld-1422"]
"""What is heard: the clips themselves, which alone can run in the daemon; the Praat values beside MELD's tables; MELD's published
features, selected for emotion (1,611) or for sentiment (1,422)."""

_VECTORS: Final[dict[Features, VectorsSpec]] = {
    "praat": parts.PRAAT,
    "meld-1611": VectorsSpec(1611, "MELD's published features, selected for emotion"),
    "meld-1422": VectorsSpec(1422, "MELD's published features, selected for sentiment"),
}
_SOURCES: Final[dict[Features, Literal["clips", "praat", "pickles"]]] = {
    "clips": "clips",
    "praat": "praat",
    "meld-1611": "pickles",
    "meld-1422": "pickles",
}


def acoustic_rnn(size: Size, *, cell: Cell = "gru", features: Features = "clips") -> Recipe:
    """The recipe at one size: the GRU learns with Adam, the LSTM with Adadelta, as their designs have it."""
    full = size == "full"
    encoders = parts.chosen(parts.NONE, cell, parts.NONE)
    network = parts.network(encoders, parts.fusion("concat", "early", size), size)
    if features != "clips":
        heard = Encoding(_VECTORS[features], network.encodings["audio"].encoder)
        network = msgspec.structs.replace(network, encodings={"audio": heard})
    gru = cell == "gru"
    loop = LoopConfig(
        epochs=60 if full else 1,
        batch_size=16 if full else 4,
        learning_rate=1e-3 if gru else 1.0,
        optimiser="adam" if gru else "adadelta",
        weight_decay=1e-5 if gru else 0.0,
        schedule="plateau",
        class_power=0.5,
        patience=10,
        clip=1.0,
        bf16=False,
    )
    return Recipe(
        name="acoustic-rnn",
        version="1",
        size=size,
        network=network,
        stages=(DialogueStage(features=_SOURCES[features], loop=loop, limit=None if full else 16),),
    )
