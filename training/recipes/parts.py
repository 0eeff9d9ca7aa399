"""The parts that recipes are made of, by name: what an encoder sees, the encoder, and the published weights that it starts from.

To add a part: one line here, once its class stands in `models.REGISTRY`.
"""

from typing import Final, NamedTuple

from models.audio.acoustic_rnn import AcousticRnn
from models.audio.cnn_lstm import CnnLstm
from models.audio.conv1d_cnn import Conv1dCnn
from models.audio.mel_cnn import MelCnn
from models.audio.wav2vec2 import Wav2Vec2
from models.audio.whisper import Whisper
from models.fusion.concat import Concat
from models.fusion.cross_modal import CrossModal
from models.fusion.decision import Decision
from models.fusion.experts import Experts
from models.fusion.gated import Gated
from models.fusion.modality_attention import ModalityAttention
from models.graph import FusionConfig
from models.network import Encoding, NetworkConfig
from models.text.bert_pooled import BertPooled
from models.text.bilstm import BiLstm
from models.video.cnn3d import Cnn3d
from models.video.face_cnn import FaceCnn
from models.video.r3d18 import R3d18
from models.video.resnet18 import ResNet18
from models.video.vit_bilstm import VitBiLstm
from streamer.features import FaceCropSpec, FunctionalsSpec, LogMelSpec, MfccSpec, TextSpec, VectorsSpec, WaveformSpec
from streamer.labels import MODALITIES, Modality
from training.recipes.recipe import Size


class Part(NamedTuple):
    """One encoder at both sizes."""

    full: Encoding
    tiny: Encoding
    weights: str | None = None
    """A name in `training.weights.WEIGHTS` that the full size starts from."""

    def at(self, size: Size) -> Encoding:
        """The part at one size."""
        return self.full if size == "full" else self.tiny


_WORDS: Final = TextSpec(context_utterances=0)
_DIALOGUE: Final = TextSpec()
_MEL: Final = LogMelSpec(std=2.0)
_MFCC: Final = MfccSpec(_MEL, n_mfcc=40)
SESSION_MEL: Final = LogMelSpec(relative_to="session", history_utterances=16, std=3.0)
"""In relation to what was heard before."""
_FACES: Final = FaceCropSpec(size_px=112, channels=3)
_SMALL_FACES: Final = FaceCropSpec(equalise=True)
_CLIP: Final = FaceCropSpec(size_px=112, channels=3, exact_crops=16)
_EIGHT_FRAMES: Final = FaceCropSpec(size_px=224, channels=3, exact_crops=8)
_TINY_FACES: Final = FaceCropSpec(size_px=32, channels=3, max_crops=8)
_TINY_CLIP: Final = FaceCropSpec(size_px=32, channels=3, exact_crops=4)
HISTORY_UTTERANCES: Final = 32
"""MELD's longest dialogue has 33 utterances: the newest and these."""
PRAAT: Final = VectorsSpec(8, "Praat's values of MELD's clips")
"""What stands beside MELD's tables: the only sound of MELD that needs none of its clips. No daemon can hear it."""

NARROW: Final = 16
"""Channels of the smallest residual networks. Where fewer go into a strided 1x1 convolution than a vector of the processor holds (8 with
AVX2, 16 with AVX-512), the gradient of its weights is written past its memory: uxlfoundation/oneDNN#6035."""
_TINY_BERT: Final = BertPooled(width=16, hidden=16, layers=1, heads=2, intermediate=32)
_BERT_BASE: Final = BertPooled(hidden=768, layers=12, heads=12, intermediate=3072)

TEXT: Final[dict[str, Part]] = {
    "bert": Part(Encoding(_WORDS, _BERT_BASE), Encoding(_WORDS, _TINY_BERT), "bert-base"),
    "minilm": Part(
        Encoding(_DIALOGUE, BertPooled(pooling="mean")),
        Encoding(_DIALOGUE, BertPooled(width=16, hidden=16, layers=1, heads=2, intermediate=32, pooling="mean")),
        "minilm",
    ),
    "bilstm": Part(Encoding(_DIALOGUE, BiLstm()), Encoding(_DIALOGUE, BiLstm(width=16, embedding=16, hidden=8))),
}
AUDIO: Final[dict[str, Part]] = {
    "conv1d": Part(Encoding(_MEL, Conv1dCnn()), Encoding(_MEL, Conv1dCnn(width=16, channels=8))),
    "lstm-mfcc": Part(Encoding(_MFCC, CnnLstm()), Encoding(_MFCC, CnnLstm(width=16, channels=(8, 8), hidden=8))),
    "lstm-mel": Part(Encoding(_MEL, CnnLstm()), Encoding(_MEL, CnnLstm(width=16, channels=(8, 8), hidden=8))),
    "mel-cnn": Part(Encoding(_MEL, MelCnn()), Encoding(_MEL, MelCnn(width=16, channels=(4, 4, 8, 8), temporal=16))),
    "wav2vec2": Part(
        Encoding(WaveformSpec(), Wav2Vec2()),
        Encoding(
            WaveformSpec(),
            Wav2Vec2(
                width=16,
                channels=8,
                hidden=16,
                layers=1,
                heads=2,
                intermediate=32,
                position_kernel=8,
                position_groups=2,
            ),
        ),
        "wav2vec2-base",
    ),
    "whisper": Part(
        Encoding(SESSION_MEL, Whisper()),
        Encoding(SESSION_MEL, Whisper(width=16, state=16, together=(2,), heads=2, intermediate=32)),
        "whisper-tiny.en",
    ),
    "gru": Part(
        Encoding(FunctionalsSpec(history_utterances=HISTORY_UTTERANCES), AcousticRnn()),
        Encoding(FunctionalsSpec(history_utterances=4), AcousticRnn(width=16, hidden=8)),
    ),
    "bilstm": Part(
        Encoding(FunctionalsSpec(history_utterances=HISTORY_UTTERANCES), AcousticRnn(cell="lstm", layers=2)),
        Encoding(FunctionalsSpec(history_utterances=4), AcousticRnn(cell="lstm", layers=2, width=16, hidden=8)),
    ),
    "praat-gru": Part(Encoding(PRAAT, AcousticRnn()), Encoding(PRAAT, AcousticRnn(width=16, hidden=8))),
}
VIDEO: Final[dict[str, Part]] = {
    "r3d18": Part(
        Encoding(_CLIP, R3d18()), Encoding(_TINY_CLIP, R3d18(width=16, channels=(NARROW,) * 4)), "r3d18-kinetics"
    ),
    "resnet18": Part(
        Encoding(_FACES, ResNet18()),
        Encoding(_TINY_FACES, ResNet18(width=16, channels=(NARROW,) * 4)),
        "resnet18-imagenet",
    ),
    "cnn3d": Part(Encoding(_CLIP, Cnn3d()), Encoding(_TINY_CLIP, Cnn3d(width=16, channels=(4, 8)))),
    "vit-bilstm": Part(
        Encoding(_EIGHT_FRAMES, VitBiLstm()),
        Encoding(
            FaceCropSpec(size_px=32, channels=3, exact_crops=8),
            VitBiLstm(width=16, layers=1, heads=2, hidden=16, mlp=32, recurrent=16, attention_heads=2),
        ),
        "vit-b16-imagenet",
    ),
    "face-cnn": Part(
        Encoding(_SMALL_FACES, FaceCnn()), Encoding(_SMALL_FACES, FaceCnn(width=16, channels=(NARROW,) * 2))
    ),
}
PARTS: Final[dict[Modality, dict[str, Part]]] = {"text": TEXT, "audio": AUDIO, "video": VIDEO}
NONE: Final = "none"
"""In the place of a part: the recipe does without the modality."""


def fusion(name: str, decision: Decision, size: Size) -> FusionConfig:
    """A fusion by name; `decision` says whether one head decides, or one per modality."""
    full = size == "full"
    match name:
        case "concat":
            return Concat(decision=decision) if full else Concat(decision=decision, hidden=16, head=8)
        case "attention":
            return (
                ModalityAttention(decision=decision)
                if full
                else ModalityAttention(decision=decision, hidden=16, head=8)
            )
        case "cross-modal":
            return (
                CrossModal(decision=decision)
                if full
                else CrossModal(decision=decision, hidden=16, attention_heads=2, head=8)
            )
        case "experts":  # late by nature: each modality has decided before they are put together
            return Experts() if full else Experts(hidden=8)
        case "gated":
            return Gated(decision=decision) if full else Gated(decision=decision, hidden=16)
        case _:
            raise KeyError(name)


def chosen(text: str, audio: str, video: str) -> dict[Modality, Part]:
    """The parts of these names, without those that are `none`."""
    names = dict(zip(MODALITIES, (text, audio, video), strict=True))
    return {m: PARTS[m][name] for m, name in names.items() if name != NONE}


def network(parts: dict[Modality, Part], fusing: FusionConfig, size: Size) -> NetworkConfig:
    """The network of some parts at one size."""
    return NetworkConfig({m: part.at(size) for m, part in parts.items()}, fusing)


def published(parts: dict[Modality, Part], size: Size) -> dict[Modality, str]:
    """What a stage's `start` is: the smallest size always starts from random weights."""
    return {m: part.weights for m, part in parts.items() if part.weights} if size == "full" else {}
