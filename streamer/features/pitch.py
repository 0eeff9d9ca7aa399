"""The voice's fundamental frequency in each window, by autocorrelation (Boersma, 1993)."""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from streamer.features.arrays import Float32

F_MIN_HZ: Final = 75.0
F_MAX_HZ: Final = 500.0
VOICED_FROM: Final = 0.45
"""Of the normalised autocorrelation: below, a window has no pitch."""
_OCTAVE_COST: Final = 0.01
"""By how much a peak an octave higher may be lower and still win: half the pitch fits nearly as well as the pitch."""


class Pitch(NamedTuple):
    """Of each window."""

    f0_hz: Float32
    """[windows]; the best guess also where there is no voice."""
    strength: Float32
    """[windows]: normalised autocorrelation at that period, 1 for a perfectly periodic sound, 0 for none."""


def pitch(windows: Float32, sample_rate_hz: int) -> Pitch:
    """[windows, samples] -> the pitch of each; a window should hold three periods of the lowest, 40 ms."""
    length = windows.shape[1]
    centred = (windows - windows.mean(axis=1, keepdims=True)) * _hann(length)
    size = 1 << (2 * length - 1).bit_length()
    spectrum = np.fft.rfft(centred, n=size, axis=1)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, n=size, axis=1)[:, :length]
    power = correlation[:, :1]
    # What is left of the energy where there is none is rounding: such a window has no period.
    normalised = np.where(power > 1e-9, correlation / np.maximum(power, 1e-9) / _window_correlation(length), 0.0)
    first, last = int(sample_rate_hz / F_MAX_HZ), int(sample_rate_hz / F_MIN_HZ)
    lags = np.arange(first, last + 1)
    score = normalised[:, first : last + 1] - _OCTAVE_COST * np.log2(lags * (F_MIN_HZ / sample_rate_hz))
    best = first + score.argmax(axis=1)
    rows = np.arange(len(windows))
    left, middle, right = (normalised[rows, best + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(np.abs(bend) > 1e-9, np.clip(0.5 * (left - right) / np.where(bend == 0, 1, bend), -0.5, 0.5), 0.0)
    f0_hz = sample_rate_hz / (best + shift)
    return Pitch(f0_hz.astype(np.float32), np.clip(middle, 0.0, 1.0).astype(np.float32))


@lru_cache(maxsize=4)
def _hann(length: int) -> Float32:
    window: Float32 = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    return window


@lru_cache(maxsize=4)
def _window_correlation(length: int) -> Float32:
    """What the window itself takes away at each lag, [length]; held above a tenth, beyond which nothing can be said."""
    window = _hann(length).astype(np.float64)
    correlation = np.correlate(window, window, "full")[length - 1 :]
    held: Float32 = np.maximum(correlation / correlation[0], 0.1).astype(np.float32)
    return held
