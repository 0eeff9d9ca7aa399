"""Torch networks: encoders, fusions and heads that combine, all speaking the language of `models.graph`.

To add an encoder or a fusion: one file with its config and module, one line in `REGISTRY`.
"""

import streamer  # noqa: F401 - before ONNX Runtime, whose telemetry it turns off
from models.audio.acoustic_rnn import AcousticRnn
from models.audio.cnn_lstm import CnnLstm
from models.audio.cnn_whisper import CnnWhisper
from models.audio.conv1d_cnn import Conv1dCnn
from models.audio.mel_cnn import MelCnn
from models.audio.wav2vec2 import Wav2Vec2
from models.audio.whisper import Whisper
from models.fusion.concat import Concat
from models.fusion.cross_modal import CrossModal
from models.fusion.experts import Experts
from models.fusion.gated import Gated
from models.fusion.modality_attention import ModalityAttention
from models.graph import EncoderConfig, FusionConfig
from models.text.bert import Bert
from models.text.bert_pooled import BertPooled
from models.text.bilstm import BiLstm
from models.text.mpnet import Mpnet
from models.video.cnn3d import Cnn3d
from models.video.face_cnn import FaceCnn
from models.video.r3d18 import R3d18
from models.video.resnet18 import ResNet18
from models.video.vit_bilstm import VitBiLstm

REGISTRY: dict[str, type[EncoderConfig | FusionConfig]] = {
    "bert": Bert,
    "bert-pooled": BertPooled,
    "mpnet": Mpnet,
    "bilstm": BiLstm,
    "mel-cnn": MelCnn,
    "conv1d-cnn": Conv1dCnn,
    "cnn-lstm": CnnLstm,
    "wav2vec2": Wav2Vec2,
    "whisper": Whisper,
    "cnn-whisper": CnnWhisper,
    "acoustic-rnn": AcousticRnn,
    "face-cnn": FaceCnn,
    "cnn3d": Cnn3d,
    "r3d18": R3d18,
    "resnet18": ResNet18,
    "vit-bilstm": VitBiLstm,
    "experts": Experts,
    "gated": Gated,
    "concat": Concat,
    "modality-attention": ModalityAttention,
    "cross-modal": CrossModal,
}

__all__ = ["REGISTRY", "EncoderConfig", "FusionConfig"]
