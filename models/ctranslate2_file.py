"""Reading the weights of a CTranslate2 model, which is how faster-whisper's models are published.

The format is that of `ctranslate2.specs.ModelSpec.save`: a header, then each variable with its name, shape, type and bytes.
"""

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

_TYPES: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read_ctranslate2(path: Path) -> dict[str, NDArray[Any]]:
    """Every variable of a `model.bin`, by its name.

    Raises:
        ValueError: it is no such file, or was cut off.
    """
    try:
        with path.open("rb") as file:
            version = _number(file, "<I")
            if version < 4:
                raise ValueError(f"format {version}, this reads 4 and later")  # noqa: TRY301 - one message for all
            _text(file)
            _number(file, "<I")
            return dict(_variable(file) for _ in range(_number(file, "<I")))
    except (struct.error, ValueError, KeyError, MemoryError) as err:
        raise ValueError(f"{path}: damaged, or no model of CTranslate2 ({err})") from err


def _variable(file: BinaryIO) -> tuple[str, NDArray[Any]]:
    name = _text(file)
    shape = tuple(_number(file, "<I") for _ in range(_number(file, "<B")))
    kind = _TYPES[_number(file, "<B")]
    return name, np.frombuffer(file.read(_number(file, "<I")), kind).reshape(shape)


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "<H")).rstrip(b"\0").decode()


def _number(file: BinaryIO, form: str) -> int:
    value: int = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return value
