"""Published weights by name, for the encoders that start from them."""

from collections.abc import Callable
from functools import partial

from torch import nn

from models.audio.whisper import WhisperEncoder
from models.backbone import Backboned
from models.text.bert import BertTrunk
from models.text.mpnet import MpnetEncoder
from training import published
from training.errors import TrainingError
from training.pretrained import minilm_weights, mpnet_weights, whisper_weights


def load_minilm(encoder: nn.Module) -> None:
    """all-MiniLM-L6-v2 into the text encoder.

    Raises:
        TrainingError: the encoder is no BERT, or of another size.
    """
    network = encoder.backbone if isinstance(encoder, Backboned) else encoder
    if not isinstance(network, BertTrunk):
        raise TrainingError(f"minilm: its weights are a BERT's, not a {type(network).__name__}'s")
    try:
        network.load_pretrained(minilm_weights())
    except ValueError as err:
        raise TrainingError(f"minilm: {err}") from err


def load_whisper(encoder: nn.Module) -> None:
    """The layers of Whisper tiny.en that the encoder has into it.

    Raises:
        TrainingError: the encoder is no Whisper, or of another size.
    """
    if not isinstance(encoder, WhisperEncoder):
        raise TrainingError(f"whisper-tiny.en: its weights are a Whisper's, not a {type(encoder).__name__}'s")
    try:
        encoder.load_pretrained(whisper_weights())
    except ValueError as err:
        raise TrainingError(f"whisper-tiny.en: {err}") from err


def load_mpnet(encoder: nn.Module) -> None:
    """all-mpnet-base-v2 into the text encoder.

    Raises:
        TrainingError: the encoder is no MPNet, or of another size.
    """
    if not isinstance(encoder, MpnetEncoder):
        raise TrainingError(f"mpnet: its weights are an MPNet's, not a {type(encoder).__name__}'s")
    with mpnet_weights() as weights:
        try:
            encoder.load_pretrained(weights)
        except ValueError as err:
            raise TrainingError(f"mpnet: {err}") from err


WEIGHTS: dict[str, Callable[[nn.Module], None]] = {
    "minilm": load_minilm,
    "mpnet": load_mpnet,
    "whisper-tiny.en": load_whisper,
    **{name: partial(published.load, name, file) for name, file in published.PUBLISHED.items()},
}
"""To add published weights: one function that loads them into an encoder's module, one line here; or one line in `PUBLISHED`."""
