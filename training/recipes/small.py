"""`small`: the shipped bundle. Each encoder learns alone on the corpora of its modality; the fusion learns on frozen embeddings."""

from typing import Final

import msgspec

from models.audio.cnn_whisper import CnnWhisper
from models.audio.mel_cnn import MelCnn
from models.audio.whisper import Whisper
from models.fusion.experts import Experts
from models.network import Encoding, NetworkConfig
from models.text.bert import Bert
from models.text.mpnet import Mpnet
from models.video.face_cnn import FaceCnn
from streamer.features import FaceCropSpec, TextSpec
from training.augment.sound import SoundAugment
from training.loop import LoopConfig
from training.recipes.parts import NARROW, SESSION_MEL
from training.recipes.recipe import Recipe, Size
from training.recipes.small_words import TEXT, WORDS
from training.stages.fusion import FusionStage
from training.stages.unimodal import UnimodalStage
from training.teaching import Teacher

SPEECH: Final = ("ravdess", "cremad", "nemo", "emovo")
_VIDEO: Final = FaceCropSpec(equalise=True)
_VOICES: Final = UnimodalStage(
    name="audio-speech",
    modality="audio",
    part="cnn",
    corpora=SPEECH,
    score="unweighted_recall",
    loop=LoopConfig(
        epochs=30,
        batch_size=32,
        learning_rate=2e-3,
        class_power=0.5,
        label_smoothing=0.05,
        average=0.995,
        weight_decay=0.02,
    ),
)
_VOICES_AS_WHISPER_HEARS: Final = UnimodalStage(
    name="audio-whisper",
    modality="audio",
    part="whisper",
    corpora=SPEECH,
    start="whisper-tiny.en",
    # Whisper knows voices of every pitch and speed; what is imitated are microphones, noise and lines.
    sound=SoundAugment(speed=0.0, pitch_bands=0.0, max_crop_s=12.0, reverb=0.0, line=0.3, time_masks=0, band_masks=0),
    score="unweighted_recall",
    loop=LoopConfig(
        epochs=16,
        batch_size=64,
        learning_rate=2e-3,
        class_power=0.5,
        label_smoothing=0.05,
        weight_decay=0.05,
        average=0.995,
    ),
)
"""Only the layer on what Whisper says learns, and the heads."""
VOICE: Final = {_VOICES.name: 0.4, _VOICES_AS_WHISPER_HEARS.name: 0.6}
"""Over narrow lines the CNN is worth less: it is too small to learn them without unlearning others, so it did not (CHANGELOG.md)."""
_PICTURES: Final = UnimodalStage(
    name="video-faces",
    modality="video",
    corpora=("ferplus",),
    score="accuracy",
    loop=LoopConfig(epochs=24, batch_size=64, learning_rate=2e-3, class_power=0.3, average=0.995, weight_decay=0.02),
)
_PICTURES_AGAIN: Final = msgspec.structs.replace(
    _PICTURES,
    name="video-again",
    start="video-faces",
    loop=msgspec.structs.replace(_PICTURES.loop, epochs=30, seed=18),
)
"""A second cycle of the learning rate (Loshchilov and Hutter, 2017): after the first, 18 % of the training pictures were still named wrong.
"""


_TINY_TEXT: Final = TextSpec(max_tokens=32)
_TINY_TEACHER: Final = Encoding(_TINY_TEXT, Mpnet(width=16, hidden=16, layers=1, heads=2, intermediate=32))
_TINY_VOICE: Final = CnnWhisper(
    cnn=MelCnn(width=16, channels=(4, 4, 8, 8), temporal=16),
    whisper=Whisper(width=16, state=16, together=(2,), heads=2, intermediate=32),
    width=32,
)


def small(size: Size) -> Recipe:
    """The recipe at one size."""
    return _full() if size == "full" else _tiny()


def _full() -> Recipe:
    return Recipe(
        name="small",
        version="10",
        size="full",
        network=NetworkConfig(
            {
                "text": Encoding(TEXT, Bert()),
                "audio": Encoding(SESSION_MEL, CnnWhisper()),
                "video": Encoding(_VIDEO, FaceCnn()),
            },
            Experts(),
        ),
        stages=(
            *WORDS,
            _VOICES,
            _VOICES_AS_WHISPER_HEARS,
            _PICTURES,
            _PICTURES_AGAIN,
            FusionStage(
                encoders={"text": "text-taught", "audio": VOICE, "video": "video-again"},
                corpora={"text": ("meld",), "audio": SPEECH, "video": ("ferplus",)},
                augmented_views={"text": 1, "audio": 2, "video": 2},
                loop=LoopConfig(
                    epochs=16, batch_size=128, learning_rate=3e-3, class_power=0.3, label_smoothing=0.05, bf16=False
                ),
            ),
        ),
    )


def _tiny() -> Recipe:
    loop = LoopConfig(epochs=1, batch_size=4, learning_rate=1e-3, bf16=False)
    return Recipe(
        name="small",
        version="1",
        size="tiny",
        network=NetworkConfig(
            {
                "text": Encoding(_TINY_TEXT, Bert(width=16, hidden=16, layers=1, heads=2, intermediate=32)),
                "audio": Encoding(SESSION_MEL, _TINY_VOICE),
                "video": Encoding(_VIDEO, FaceCnn(width=16, channels=(NARROW,) * 2, blocks=(1, 1))),
            },
            Experts(hidden=8),
        ),
        stages=(
            UnimodalStage(
                name="teacher-meld", modality="text", encoding=_TINY_TEACHER, corpora=("meld",), loop=loop, limit=16
            ),
            UnimodalStage(name="text-meld", modality="text", corpora=("meld",), loop=loop, limit=16),
            UnimodalStage(
                name="text-taught",
                modality="text",
                corpora=("meld",),
                start="text-meld",
                frozen=("encoder.embeddings.word_embeddings.",),
                teacher=Teacher(stage="teacher-meld", encoding=_TINY_TEACHER),
                loop=loop,
                limit=16,
            ),
            UnimodalStage(name="audio-speech", modality="audio", part="cnn", corpora=("ravdess",), loop=loop, limit=16),
            UnimodalStage(
                name="audio-whisper", modality="audio", part="whisper", corpora=("ravdess",), loop=loop, limit=16
            ),
            UnimodalStage(name="video-faces", modality="video", corpora=("ferplus",), loop=loop, limit=16),
            FusionStage(
                encoders={"text": "text-taught", "audio": VOICE, "video": "video-faces"},
                corpora={"text": ("meld",), "audio": ("ravdess",), "video": ("ferplus",)},
                augmented_views={"text": 1, "audio": 1, "video": 1},
                loop=loop,
                limit=16,
            ),
        ),
    )
