"""NVIDIA's libraries from their wheels: loaded by path, so that a library that asks for them by name finds them without LD_LIBRARY_PATH."""

import ctypes
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

_TRIES = 3
"""Libraries of one folder need each other, in no order that their names tell."""


def load_cuda_12() -> list[Path]:
    """What CTranslate2 looks for: cuBLAS of CUDA 12 and cuDNN 9, where `nvidia-cublas-cu12` and cuDNN's wheel are installed.

    The names hold the version: ONNX Runtime's own CUDA, of another one, is not in the way.
    """
    return [
        *load_libraries("nvidia/cublas/lib", "libcublasLt.so.12"),
        *load_libraries("nvidia/cublas/lib", "libcublas.so.12"),
        *load_libraries("nvidia/cudnn/lib", "libcudnn*.so.9"),
    ]


def load_libraries(folder: str, names: str) -> list[Path]:
    """Load what a wheel has put into a folder of site-packages, for all who come later.

    Args:
        folder: Below site-packages, such as `nvidia/cublas/lib`.
        names: A pattern.

    Returns:
        Those that could be loaded; none where the wheel is not installed.
    """
    waiting = [path for place in _places(folder) for path in sorted(place.glob(names))]
    loaded: list[Path] = []
    for _ in range(_TRIES):
        for path in [path for path in waiting if path not in loaded]:
            try:
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
            except OSError:  # needs another one first, or is of another system
                continue
            loaded.append(path)
    return loaded


def _places(folder: str) -> Iterator[Path]:
    package, *below = Path(folder).parts
    if sys.platform != "linux" or (found := importlib.util.find_spec(package)) is None:
        return
    for place in found.submodule_search_locations or ():
        yield Path(place).joinpath(*below)
