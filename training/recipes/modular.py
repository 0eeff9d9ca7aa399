"""`modular`: any parts together, early or late, any subset of modalities."""

from typing import Final, Literal

from models.fusion.decision import Decision
from streamer.labels import Modality
from training.errors import TrainingError
from training.loop import LoopConfig
from training.recipes import parts
from training.recipes.recipe import Recipe, Size
from training.stages.joint import JointStage

Text = Literal["bert", "minilm", "bilstm", "none"]
Audio = Literal[
    "lstm-mfcc", "lstm-mel", "conv1d", "mel-cnn", "wav2vec2", "whisper", "gru", "bilstm", "praat-gru", "none"
]
Video = Literal["resnet18", "cnn3d", "r3d18", "vit-bilstm", "face-cnn", "none"]
Fusing = Literal["attention", "concat", "cross-modal", "experts", "gated"]
Data = Literal["meld-clips", "meld", "speech"]
"""MELD with its clips; its words alone; the corpora of acted speech, which have no words."""

Published = Literal["tuned", "frozen"]
"""Whether what comes with published weights goes on learning, or only the head above it does."""

_CORPORA: Final[dict[Data, tuple[str, ...]]] = {
    "meld-clips": ("meld-clips",),
    "meld": ("meld",),
    "speech": ("ravdess", "cremad", "nemo", "emovo"),
}
_PRETRAINED_FACTOR: Final = 0.04
"""2e-5 for what comes with published weights, 5e-4 for what starts fresh."""


def modular(
    size: Size,
    *,
    text: Text = "bert",
    audio: Audio = "lstm-mfcc",
    video: Video = "resnet18",
    fusion: Fusing = "attention",
    decision: Decision = "early",
    data: Data = "meld-clips",
    published: Published = "tuned",
) -> Recipe:
    """The recipe at one size.

    Raises:
        TrainingError: no modality is left.
    """
    encoders = parts.chosen(text, audio, video)
    if not encoders:
        raise TrainingError("modular: text, audio and video are all none; choose at least one")
    full = size == "full"
    weighted: tuple[Modality, ...] = tuple(m for m, part in encoders.items() if part.weights)
    tuned = weighted if full and published == "tuned" else ()
    factors: dict[Modality | Literal["fusion"], float] = dict.fromkeys(tuned, _PRETRAINED_FACTOR)
    loop = LoopConfig(
        epochs=30 if full else 1,
        batch_size=16 if full else 4,
        learning_rate=5e-4,
        optimiser="adamw",
        label_smoothing=0.1,
        class_power=0.5,
        patience=5,
        clip=1.0,
        bf16=full,
    )
    return Recipe(
        name="modular",
        version="1",
        size=size,
        network=parts.network(encoders, parts.fusion(fusion, decision, size), size),
        stages=(
            JointStage(
                corpora=_CORPORA[data],
                loop=loop,
                start=parts.published(encoders, size),
                frozen=weighted if published == "frozen" else (),
                rate_factors=factors,
                modality_dropout=0.3 if len(encoders) > 1 else 0.0,
                limit=None if full else 16,
            ),
        ),
    )
