"""The course of a voice's fundamental frequency: candidates of each window, and the likeliest path through them (Boersma, 1993).

`streamer.features.pitch` judges each window by itself, while speech goes on; this needs the whole utterance and does not jump octaves.
"""

from typing import Final, NamedTuple

import numpy as np

from streamer.features.arrays import Float32, Float64, Int64

_HOP_S: Final = 0.01
_PERIODS: Final = 3
"""In a window, of the lowest pitch."""
_CANDIDATES: Final = 8
_SILENCE_THRESHOLD: Final = 0.03
"""Of the utterance's peak: a window below it has no voice."""
_VOICING_THRESHOLD: Final = 0.45
_OCTAVE_COST: Final = 0.01
_OCTAVE_JUMP_COST: Final = 0.35
_VOICED_UNVOICED_COST: Final = 0.14


class PitchTrack(NamedTuple):
    """Of each window, 10 ms apart."""

    f0_hz: Float32
    """[windows]; NaN where there is no voice."""
    times_s: Float32
    """[windows]: the window's middle."""


def pitch_track(
    waveform: Float32, sample_rate_hz: int, *, f_min_hz: float = 75.0, f_max_hz: float = 600.0
) -> PitchTrack:
    """[samples] -> the pitch over time, with the constants that Praat takes; no window for a sound shorter than one."""
    length = round(_PERIODS / f_min_hz * sample_rate_hz)
    hop = round(_HOP_S * sample_rate_hz)
    if waveform.shape[0] < length:
        return PitchTrack(np.zeros(0, np.float32), np.zeros(0, np.float32))
    windows = np.lib.stride_tricks.sliding_window_view(waveform, length)[
        (waveform.shape[0] - length) % hop // 2 :: hop
    ].astype(np.float64)
    times_s = ((waveform.shape[0] - length) % hop // 2 + length / 2 + hop * np.arange(len(windows))) / sample_rate_hz
    centred = windows - windows.mean(axis=1, keepdims=True)
    middle = slice((length - length // _PERIODS) // 2, (length + length // _PERIODS) // 2)
    whole = float(np.abs(waveform - waveform.mean()).max())
    if whole == 0:
        return PitchTrack(np.full(len(windows), np.nan, np.float32), times_s.astype(np.float32))
    loudness = np.abs(centred[:, middle]).max(axis=1) / whole
    lags, strengths = _candidates(_correlation(centred), sample_rate_hz, f_min_hz, f_max_hz)
    f0_hz = np.where(lags > 0, sample_rate_hz / np.maximum(lags, 1.0), 0.0)
    unvoiced = _VOICING_THRESHOLD + np.maximum(
        0.0, 2.0 - np.minimum(loudness, 1.0) / (_SILENCE_THRESHOLD / (1 + _VOICING_THRESHOLD))
    )
    octaves = np.log2(f_max_hz / np.maximum(f0_hz, f_min_hz))
    scores = np.where(f0_hz > 0, strengths - _OCTAVE_COST * octaves, -np.inf)
    states_hz = np.column_stack([np.zeros(len(windows)), f0_hz])
    path = _best_path(np.column_stack([unvoiced, scores]), states_hz)
    chosen = states_hz[np.arange(len(windows)), path]
    return PitchTrack(np.where(chosen > 0, chosen, np.nan).astype(np.float32), times_s.astype(np.float32))


def _correlation(windows: Float64) -> Float64:
    """[windows, samples] -> normalised autocorrelation up to half the window, what the Hann window takes away given back."""
    length = windows.shape[1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)
    size = 1 << (2 * length - 1).bit_length()

    def correlate(signal: Float64) -> Float64:
        spectrum = np.fft.rfft(signal, n=size, axis=-1)
        found: Float64 = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, n=size, axis=-1)[..., : length // 2 + 1]
        return found

    own, of_window = correlate(windows * hann), correlate(hann)
    normalised: Float64 = own / np.maximum(own[:, :1], 1e-12) / (of_window / of_window[0])
    return normalised


def _candidates(correlation: Float64, sample_rate_hz: int, f_min_hz: float, f_max_hz: float) -> tuple[Float64, Float64]:
    """[windows, lags] -> lag in samples and height of the highest peaks, [windows, _CANDIDATES] each; a lag of 0 is none."""
    first = max(int(sample_rate_hz / f_max_hz), 1)
    last = min(int(sample_rate_hz / f_min_hz) + 1, correlation.shape[1] - 2)
    left, peak, right = (correlation[:, first + step : last + 1 + step] for step in (-1, 0, 1))
    is_peak = (peak > left) & (peak >= right) & (peak > 0.5 * _VOICING_THRESHOLD)
    order = np.argsort(np.where(is_peak, -peak, np.inf), axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(correlation))[:, None]
    left, peak, right, there = left[rows, order], peak[rows, order], right[rows, order], is_peak[rows, order]
    bend = np.where(there, 2 * peak - left - right, 1.0)
    shift = 0.5 * (right - left) / bend
    height = peak + 0.25 * (right - left) * shift
    lags = np.where(there, first + order + shift, 0.0)
    inside = (lags >= sample_rate_hz / f_max_hz) & (lags <= sample_rate_hz / f_min_hz)
    return np.where(inside, lags, 0.0), np.where(height > 1, 1 / np.maximum(height, 1.0), height)


def _best_path(scores: Float64, states_hz: Float64) -> Int64:
    """[windows, states] each -> [windows], the state of each window on the path of the highest score (Viterbi)."""
    steps = 0.01 / _HOP_S  # the costs are for windows 10 ms apart
    best, back = scores[0], np.zeros(scores.shape, np.int64)
    for now in range(1, len(scores)):
        before_hz, now_hz = states_hz[now - 1][:, None], states_hz[now][None]
        both, one = (before_hz > 0) & (now_hz > 0), (before_hz > 0) != (now_hz > 0)
        jump = np.abs(np.log2(np.where(both, before_hz, 1.0) / np.where(both, now_hz, 1.0)))
        cost = steps * (_OCTAVE_JUMP_COST * jump + _VOICED_UNVOICED_COST * one)
        reached = best[:, None] - cost
        back[now] = reached.argmax(axis=0)
        best = reached.max(axis=0) + scores[now]
    path = np.zeros(len(scores), np.int64)
    path[-1] = best.argmax()
    for now in range(len(scores) - 1, 0, -1):
        path[now - 1] = back[now, path[now]]
    return path
