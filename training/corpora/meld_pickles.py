"""MELD's published acoustic features, which come as pickles, read without running anything that is in them.

`audio_embeddings_feature_selection_emotion.pkl` (1,611 values) and `…_sentiment.pkl` (1,422) each hold three dictionaries, of train, dev
and test: `"<dialogue>_<utterance>"` to a vector. They were written by Python 2.
"""

import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamer.features.arrays import Float32
from training.corpora.meld_rows import MELD_SPLITS, MeldSplit
from training.errors import TrainingError

PATTERN: Final = "audio_embeddings_feature_selection_*.pkl"
_ARRAY_MODULES: Final = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
_ARRAY_NAMES: Final = ("_reconstruct", "_frombuffer")

Vectors = dict[MeldSplit, dict[str, Float32]]


def read_pickle(path: Path) -> Vectors:
    """The vectors of each split, by `dia{D}_utt{U}`.

    Raises:
        TrainingError: the file is missing, holds anything but plain data and arrays (the class is named), or is not of this shape.
    """
    found = load_plain(path)
    if not isinstance(found, tuple | list) or len(found) != len(MELD_SPLITS):
        raise TrainingError(f"{path}: expected three dictionaries (train, dev, test), found {type(found).__name__}")
    vectors: Vectors = {}
    widths: set[int] = set()
    for split, table in zip(MELD_SPLITS, found, strict=True):
        if not isinstance(table, dict):
            raise TrainingError(f"{path}: {split} is a {type(table).__name__}, not a dictionary")
        vectors[split] = {_name(path, key): _vector(path, split, key, value) for key, value in table.items()}
        widths |= {len(vector) for vector in vectors[split].values()}
    if len(widths) != 1:
        raise TrainingError(f"{path}: vectors of {sorted(widths)} values; all must have as many")
    return vectors


def load_plain(path: Path) -> object:
    """Unpickle dictionaries, lists, tuples, texts, numbers and NumPy arrays; nothing is called that could do more than hold data.

    Raises:
        TrainingError: it holds another class or function, which is named; or it is no pickle.
    """
    if not path.is_file():
        raise TrainingError(f"{path}: not there; MELD.Features.Models.tar.gz has it in features/")
    try:
        with path.open("rb") as file:
            return _Plain(file, encoding="latin1").load()
    except TrainingError as err:
        raise TrainingError(f"{path}: {err}") from None
    except Exception as err:
        raise TrainingError(f"{path}: not a readable pickle ({type(err).__name__}: {err})") from err


class _Plain(pickle.Unpickler):
    """Every class and function that a pickle can name passes here; only what makes an array is let through."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAY_MODULES and name in _ARRAY_NAMES:
            return super().find_class("numpy._core." + ("multiarray" if name == "_reconstruct" else "numeric"), name)
        if module == "numpy" and name in {"ndarray", "dtype"}:
            return np.ndarray if name == "ndarray" else _safe_dtype
        if (module, name) == ("_codecs", "encode"):
            return _encoded
        raise TrainingError(f"holds {module}.{name}, which is neither plain data nor an array; nothing of it was run")


def _safe_dtype(kind: str, *flags: bool) -> np.dtype[Any]:
    """A dtype of numbers; one of objects could hold anything."""
    if np.dtype(kind).kind not in "biuf":
        raise TrainingError(f"holds an array of {kind}, not of numbers; nothing of it was run")
    return np.dtype(kind, *flags)


def _encoded(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if encoding != "latin1":
        raise TrainingError(f"holds bytes in {encoding}")
    return text.encode("latin1")


def _name(path: Path, key: object) -> str:
    dialogue, _, utterance = str(key).partition("_")
    if not (dialogue.isdecimal() and utterance.isdecimal()):
        raise TrainingError(f"{path}: the key {key!r} is not <dialogue>_<utterance>")
    return f"dia{dialogue}_utt{utterance}"


def _vector(path: Path, split: str, key: object, value: object) -> Float32:
    vector = np.asarray(value)
    if vector.ndim != 1 or vector.dtype.kind not in "iuf":
        raise TrainingError(f"{path}: {split} {key} is no vector of numbers (shape {vector.shape}, {vector.dtype})")
    if not np.isfinite(vector).all():
        raise TrainingError(f"{path}: {split} {key} holds NaN or infinity")
    return vector.astype(np.float32)
