"""How loud a sound is over time, in decibels as Praat counts them: above 20 µPa, a sample of 1 being 1 Pa."""

from typing import Final

import numpy as np

from streamer.features.arrays import Float32

_REFERENCE: Final = 4e-10
"""(20 µPa)², the threshold of hearing."""
FLOOR_DB: Final = -300.0
"""Of digital silence."""


def intensity(waveform: Float32, sample_rate_hz: int, *, f_min_hz: float = 100.0) -> Float32:
    """[samples] -> [frames] dB, 0.8 / f_min_hz apart; none for a sound shorter than a window, which is 6.4 / f_min_hz.

    The mean square under a Kaiser window (20.24) whose middle half counts, the window's own mean taken off.
    """
    half = int(3.2 / f_min_hz * sample_rate_hz)
    hop = round(0.8 / f_min_hz * sample_rate_hz)
    length = 2 * half + 1
    if waveform.shape[0] < length:
        return np.zeros(0, np.float32)
    weights = np.kaiser(length, 20.24)
    weights /= weights.sum()
    start = (waveform.shape[0] - length) % hop // 2
    windows = np.lib.stride_tricks.sliding_window_view(waveform, length)[start::hop].astype(np.float64)
    power = np.square(windows) @ weights - np.square(windows @ weights)
    found: Float32 = np.where(power > 1e-30, 10 * np.log10(np.maximum(power, 1e-30) / _REFERENCE), FLOOR_DB)
    return found.astype(np.float32)
