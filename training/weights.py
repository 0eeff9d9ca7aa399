"""Published weights by name, for the encoders that start from them."""

from collections.abc import Callable

from torch import nn

from models.text.bert import BertEncoder
from training.errors import TrainingError
from training.pretrained import minilm_weights


def load_minilm(encoder: nn.Module) -> None:
    """all-MiniLM-L6-v2 into the text encoder.

    Raises:
        TrainingError: the encoder is no BERT, or of another size.
    """
    if not isinstance(encoder, BertEncoder):
        raise TrainingError(f"minilm: its weights are a BERT's, not a {type(encoder).__name__}'s")
    try:
        encoder.load_pretrained(minilm_weights())
    except ValueError as err:
        raise TrainingError(f"minilm: {err}") from err


WEIGHTS: dict[str, Callable[[nn.Module], None]] = {
    "minilm": load_minilm,
}
"""To add published weights: one function that loads them into an encoder's module, one line here."""
