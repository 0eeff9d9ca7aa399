"""`cross-modal`: frozen BERT, wav2vec 2.0 and a vision transformer; what they give is computed once, and each looks at the other two."""

from training.loop import LoopConfig
from training.recipes import parts
from training.recipes.recipe import Recipe, Size
from training.stages.joint import JointStage


def cross_modal(size: Size) -> Recipe:
    """The recipe at one size."""
    encoders = parts.chosen("bert", "wav2vec2", "vit-bilstm")
    full = size == "full"
    loop = LoopConfig(
        epochs=30 if full else 1,
        batch_size=32 if full else 4,
        learning_rate=3e-4,
        optimiser="adamw",
        label_smoothing=0.1,
        class_power=0.5,
        patience=6,
        clip=1.0,
        bf16=full,
    )
    return Recipe(
        name="cross-modal",
        version="1",
        size=size,
        network=parts.network(encoders, parts.fusion("cross-modal", "early", size), size),
        stages=(
            JointStage(
                loop=loop,
                start=parts.published(encoders, size),
                frozen=("text", "audio", "video"),
                modality_dropout=0.3,
                limit=None if full else 16,
            ),
        ),
    )
