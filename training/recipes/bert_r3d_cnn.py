"""`bert-r3d-cnn`: frozen BERT, a Conv1d network on log-mel and R3D-18 on the face, side by side under one head."""

from training.loop import LoopConfig
from training.recipes import parts
from training.recipes.recipe import Recipe, Size
from training.stages.joint import JointStage


def bert_r3d_cnn(size: Size) -> Recipe:
    """The recipe at one size. Rates: the pretrained video network and the young audio network learn slower than the head."""
    encoders = parts.chosen("bert", "conv1d", "r3d18")
    full = size == "full"
    loop = LoopConfig(
        epochs=20 if full else 1,
        batch_size=16 if full else 4,
        learning_rate=5e-4,
        optimiser="adam",
        weight_decay=1e-5,
        schedule="plateau",
        plateau_factor=0.1,
        plateau_patience=2,
        patience=6,
        label_smoothing=0.05,
        class_power=1.0,
        clip=1.0,
        bf16=full,
    )
    return Recipe(
        name="bert-r3d-cnn",
        version="1",
        size=size,
        network=parts.network(encoders, parts.fusion("concat", "early", size), size),
        stages=(
            JointStage(
                loop=loop,
                start=parts.published(encoders, size),
                frozen=("text",),
                rate_factors={"text": 0.2, "audio": 0.2, "video": 0.16, "fusion": 1.0},
                # The daemon loses modalities: a face that turns away must not be news to the network.
                modality_dropout=0.1,
                limit=None if full else 16,
            ),
        ),
    )
