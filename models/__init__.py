"""Torch networks: encoders, fusions and heads that combine, all speaking the language of `models.graph`.

To add an encoder or a fusion: one file with its config and module, one line in `REGISTRY`.
"""

from models.audio.mel_cnn import MelCnn
from models.fusion.gated import Gated
from models.graph import EncoderConfig, FusionConfig
from models.text.bert import Bert
from models.video.face_cnn import FaceCnn

REGISTRY: dict[str, type[EncoderConfig | FusionConfig]] = {
    "bert": Bert,
    "mel-cnn": MelCnn,
    "face-cnn": FaceCnn,
    "gated": Gated,
}

__all__ = ["REGISTRY", "EncoderConfig", "FusionConfig"]
