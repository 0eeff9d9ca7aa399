"""The checks of what callers hand to `predict`: each error names the argument, what it is, and what it should be."""

from typing import Final

import numpy as np

from streamer.features.arrays import Float32, UInt8

LOUDEST: Final = 1.5
"""Lossy decoders and resamplers overshoot full scale by a few tenths where a recording is loud; what is beyond was never divided."""


def waveform(value: object) -> Float32:
    """Float32 [samples], mono, 16 kHz, in [-1, 1] but for what a decoder overshoots.

    Raises:
        TypeError: no array, or of another dtype.
        ValueError: of another rank, empty, out of range or not finite.
    """
    if not isinstance(value, np.ndarray) or value.dtype != np.float32:
        raise TypeError(
            f"waveform must be a float32 array, got {_kind(value)}; 16-bit samples: `x.astype('float32') / 32768`"
        )
    if value.ndim != 1 or value.shape[0] == 0:
        raise ValueError(
            f"waveform must be mono, of shape [samples], got {list(value.shape)}; for several channels take their mean"
        )
    if not np.isfinite(value).all():
        raise ValueError("waveform holds NaN or infinity")
    if (peak := float(np.abs(value).max())) > LOUDEST:
        raise ValueError(f"waveform must lie in [-1, 1], its peak is {peak:.3g}; 16-bit samples are divided by 32768")
    return value


def pictures(name: str, value: object) -> UInt8:
    """Uint8 [n, height, width, 3], RGB.

    Raises:
        TypeError: no array, or of another dtype.
        ValueError: of another rank or without pictures.
    """
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8:
        raise TypeError(
            f"{name} must be a uint8 array, got {_kind(value)}; pictures in [0, 1] are multiplied by 255 first"
        )
    if value.ndim != 4 or value.shape[3] != 3:
        raise ValueError(
            f"{name} must have the shape [n, height, width, 3], got {list(value.shape)}; "
            "a grey channel is repeated three times, one picture needs `[None]`"
        )
    if 0 in value.shape:
        raise ValueError(f"{name} has no pictures (shape {list(value.shape)}); leave it out instead")
    return value


def times(value: object, n: int) -> list[float]:
    """Seconds, one for each picture, rising; 25 pictures a second where none are given.

    Raises:
        ValueError: another number of times than pictures, or they fall.
    """
    if value is None:
        return [i / 25 for i in range(n)]
    found = np.asarray(value, np.float64)
    if found.shape != (n,):
        raise ValueError(f"times_s must hold one time for each of {n} pictures, got shape {list(found.shape)}")
    if not np.isfinite(found).all() or (np.diff(found) < 0).any():
        raise ValueError("times_s must rise and be finite")
    return [float(t) for t in found]


def text(value: object) -> str:
    """Words.

    Raises:
        TypeError: no string.
    """
    if not isinstance(value, str):
        raise TypeError(f"text must be a str, got {_kind(value)}")
    return value


def turn(value: object) -> tuple[str | None, str]:
    """One utterance of the dialogue so far: who said it, and what.

    Raises:
        TypeError: it is no such pair.
    """
    match value:
        case ((str() | None) as who, str() as said):
            return who, said
    raise TypeError(f"context must hold pairs (speaker or None, text), got {value!r}")


def _kind(value: object) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
