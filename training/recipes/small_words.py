"""How `small` learns words: the text encoder alone, then a larger one, then the first again from what the larger one says."""

from typing import Final

from models.network import Encoding
from models.text.mpnet import Mpnet
from streamer.features import TextSpec
from training.augment.recognised import TextAugment
from training.loop import LoopConfig
from training.stages.unimodal import UnimodalStage
from training.teaching import Teacher

TEXT: Final = TextSpec()
_TEACHER: Final = Encoding(TEXT, Mpnet())
_TEACHER_LAYERS: Final = tuple(f"encoder.encoder.layer.{layer}." for layer in range(4))
"""The lowest, which stay as published: a fifth less time, and what words mean they know."""
WORDS: Final = (
    UnimodalStage(
        name="text-general",
        modality="text",
        corpora=("goemotions",),
        start="minilm",
        text=TextAugment(recognised=0.4),
        loop=LoopConfig(epochs=1, batch_size=32, learning_rate=8e-5, fresh_factor=10, class_power=0.3),
    ),
    UnimodalStage(
        name="text-dialogue",
        modality="text",
        corpora=("dailydialog", "emocontext", "isear"),
        start="text-general",
        loop=LoopConfig(epochs=1, batch_size=32, learning_rate=6e-5, class_power=0.3),
    ),
    UnimodalStage(
        name="text-meld",
        modality="text",
        corpora=("meld",),
        start="text-dialogue",
        soup=2,
        loop=LoopConfig(
            epochs=3,
            batch_size=32,
            learning_rate=6e-5,
            class_power=0.3,
            label_smoothing=0.05,
            average=0.995,
        ),
    ),
    UnimodalStage(
        name="teacher-general",
        modality="text",
        encoding=_TEACHER,
        corpora=("goemotions",),
        start="mpnet",
        frozen=("encoder.embeddings.", "encoder.relative_attention_bias.", *_TEACHER_LAYERS),
        text=TextAugment(recognised=0.2),
        loop=LoopConfig(epochs=1, batch_size=32, learning_rate=3e-5, fresh_factor=10, class_power=0.3),
    ),
    UnimodalStage(
        name="teacher-meld",
        modality="text",
        encoding=_TEACHER,
        corpora=("meld",),
        start="teacher-general",
        frozen=("encoder.embeddings.word_embeddings.", *_TEACHER_LAYERS),
        text=TextAugment(recognised=0.2, no_context=0.1, no_speakers=0.1),
        loop=LoopConfig(
            epochs=2,
            batch_size=32,
            learning_rate=2e-5,
            class_power=0.3,
            label_smoothing=0.05,
            average=0.99,
        ),
    ),
    UnimodalStage(
        name="text-taught",
        modality="text",
        corpora=("meld", "dailydialog"),
        scored_on=("meld",),
        start="text-meld",
        frozen=("encoder.embeddings.word_embeddings.",),
        teacher=Teacher(stage="teacher-meld", encoding=_TEACHER, alone_on=("dailydialog",)),
        loop=LoopConfig(epochs=4, batch_size=32, learning_rate=6e-5, class_power=0.3, average=0.995),
    ),
)
"""In order."""
