"""Harmonics-to-noise ratio over time, by forward cross-correlation (Boersma, 1993; Praat's "Harmonicity (cc)")."""

from typing import Final

import numpy as np

from streamer.features.arrays import Float32

_HOP_S: Final = 0.01
_SILENCE_THRESHOLD: Final = 0.1
"""Of the utterance's peak."""
_HIGHEST_DB: Final = 150.0


def harmonicity(waveform: Float32, sample_rate_hz: int, *, f_min_hz: float = 75.0) -> Float32:
    """[samples] -> [frames] dB, 10 ms apart: how much of a window comes again one period later. NaN where it is silent.

    A window is one period of `f_min_hz` long and is compared with those up to one period later; no frame for a sound shorter than two.
    """
    length = int(sample_rate_hz / f_min_hz)
    span, hop = 2 * length, round(_HOP_S * sample_rate_hz)
    if waveform.shape[0] < span:
        return np.zeros(0, np.float32)
    start = (waveform.shape[0] - span) % hop // 2
    spans = np.lib.stride_tricks.sliding_window_view(waveform, span)[start::hop].astype(np.float64)
    spans = spans - spans.mean(axis=1, keepdims=True)
    whole = float(np.abs(waveform - waveform.mean()).max())
    if whole == 0:
        return np.full(len(spans), np.nan, np.float32)
    size = 1 << (span + length).bit_length()
    ahead, later = np.fft.rfft(spans[:, :length], n=size, axis=1), np.fft.rfft(spans, n=size, axis=1)
    products = np.fft.irfft(np.conj(ahead) * later, n=size, axis=1)[:, : length + 1]
    sums = np.cumsum(np.pad(np.square(spans), ((0, 0), (1, 0))), axis=1)
    energy = sums[:, length : 2 * length + 1] - sums[:, : length + 1]
    correlation = products / np.sqrt(np.maximum(energy[:, :1] * energy, 1e-30))
    left, peak, right = correlation[:, :-2], correlation[:, 1:-1], correlation[:, 2:]
    peaks = np.where((peak > left) & (peak >= right) & (peak > 0), peak, 0.0)
    rows, best = np.arange(len(peaks)), peaks.argmax(axis=1)
    bend = np.maximum(2 * peak - left - right, 1e-12)[rows, best]
    slope = (right - left)[rows, best]
    height = peaks[rows, best] + np.where(peaks[rows, best] > 0, slope**2 / (8 * bend), 0.0)
    height = np.clip(np.where(height > 1, 1 / np.maximum(height, 1.0), height), 1e-15, 1 - 1e-15)
    middle = slice(length - length // 2, length + length // 2)
    loudness = np.minimum(np.abs(spans[:, middle]).max(axis=1) / whole, 1.0)
    voiced = height > 2.0 - loudness / _SILENCE_THRESHOLD
    found: Float32 = np.where(voiced, np.clip(10 * np.log10(height / (1 - height)), -_HIGHEST_DB, _HIGHEST_DB), np.nan)
    return found.astype(np.float32)
