"""One vector for a whole utterance: statistics of its spectrum, level, pitch and pauses.

The kind of description that openSMILE's sets are made of (Eyben et al., 2016), small enough to be computed while speech goes on.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from streamer.features.arrays import Float32
from streamer.features.log_mel import LogMelSpec, log_mel
from streamer.features.mfcc import MfccSpec, mfcc
from streamer.features.pitch import VOICED_FROM, pitch

_WINDOW: Final = 640
"""40 ms at 16 kHz: three periods of the lowest pitch."""
_N_MFCC: Final = 13
_MFCC: Final = MfccSpec(LogMelSpec(relative_to="nothing"), _N_MFCC)
_PAUSE_DB: Final = 25.0
"""A frame that is this much below the loudest is a pause."""
_DIP_DB: Final = 3.0
"""Between two syllables the level falls by at least this."""
_STATISTICS: Final = 6
_CONTOURS: Final = _N_MFCC - 1 + 5
"""Coefficients but the first, which is the level; level, change of level, change of spectrum, pitch, periodicity."""
_WHOLE: Final = 4
"""Duration, voiced share, pauses' share, bursts per second."""


class FunctionalsSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="functionals", forbid_unknown_fields=True):
    """What is described; everything else is fixed, so that a vector always means the same."""

    history_utterances: int = 0
    """The vectors of so many earlier utterances stand before the current one's, oldest first, where there are any."""
    max_s: float = 12.0
    """A longer utterance keeps its last `max_s` seconds."""

    @property
    def sample_rate_hz(self) -> int:
        """Of the waveform."""
        return _MFCC.mel.sample_rate_hz

    @property
    def width(self) -> int:
        """Values per step, which is an utterance."""
        return _CONTOURS * _STATISTICS + (_N_MFCC - 1) + _WHOLE

    def extract(self, waveform: Float32, earlier: Sequence[Float32] = ()) -> Float32:
        """[samples] -> [utterances, width]: the vectors of those before, then its own. Less than 40 ms are zero-padded to it."""
        waveform = np.pad(waveform, (0, max(0, _WINDOW - waveform.shape[0])))
        return np.concatenate([*earlier, functionals(frames(waveform), self)])

    def stream(self, earlier: Sequence[Float32] = ()) -> "FunctionalsStream":
        """A computation that goes on while speech does."""
        return FunctionalsStream(self, earlier)


class FunctionalsStream:
    """Frames as sound arrives; what it has at any moment equals `extract` of all that was pushed."""

    def __init__(self, spec: FunctionalsSpec, earlier: Sequence[Float32] = ()) -> None:
        self._spec = spec
        self._earlier = earlier
        self._pending: Float32 = np.zeros(0, np.float32)
        self._frames: list[Float32] = []

    def push(self, waveform: Float32) -> None:
        """Take the next samples, [samples]."""
        pending = np.concatenate([self._pending, waveform]) if self._pending.size else waveform
        if pending.shape[0] >= _WINDOW:
            self._frames.append(frames(pending))
            pending = pending[self._frames[-1].shape[0] * _MFCC.mel.hop_length :]
        self._pending = pending

    def features(self, samples: int | None = None) -> Float32:
        """What the network would see now, or would have seen after so many `samples`: [utterances, width]."""
        return np.concatenate([*self._earlier, self.memory(samples)])

    def memory(self, samples: int | None = None) -> Float32:
        """The vector of this utterance alone, [1, width], which stands before those of later ones."""
        if not self._frames:
            return self._spec.extract(self._pending)
        found = np.concatenate(self._frames)
        if samples is not None:
            found = found[: max(1, 1 + (samples - _WINDOW) // _MFCC.mel.hop_length)]
        return functionals(found, self._spec)


def frames(waveform: Float32) -> Float32:
    """[samples] -> [frames, n_mfcc + 3]: coefficients, level in dBFS, pitch in semitones above 27.5 Hz, periodicity.

    frames = 1 + (samples - 640) // 160: only whole windows, so that a frame does not depend on what comes after it.
    """
    mel = _MFCC.mel
    windows = np.lib.stride_tricks.sliding_window_view(waveform, _WINDOW)[:: mel.hop_length]
    heard = (len(windows) - 1) * mel.hop_length + mel.win_length
    coefficients = mfcc(log_mel(waveform[:heard], mel), _MFCC)
    level_db = 10 * np.log10(np.square(windows).mean(axis=1) + 1e-10)
    f0_hz, strength = pitch(windows, mel.sample_rate_hz)
    semitones = 12 * np.log2(f0_hz / 27.5)
    return np.column_stack([coefficients, level_db, semitones, strength]).astype(np.float32)


def functionals(found: Float32, spec: FunctionalsSpec) -> Float32:
    """[frames, n_mfcc + 3] -> [1, width]. The level of the recording itself does not count, only how it changes."""
    per_s = _MFCC.mel.sample_rate_hz / _MFCC.mel.hop_length
    found = found[-round(spec.max_s * per_s) :]
    coefficients, (level_db, semitones, strength) = found[:, 1:_N_MFCC], found[:, _N_MFCC:].T
    below_db = np.maximum(level_db - level_db.max(), -60.0)
    voiced = (strength > VOICED_FROM) & (below_db > -_PAUSE_DB)
    steps = np.diff(coefficients, axis=0, prepend=coefficients[:1])
    contours = [
        *coefficients.T,
        below_db,
        np.diff(below_db, prepend=below_db[:1]),
        np.sqrt(np.square(steps).mean(axis=1)),
        semitones[voiced],
        strength[voiced],
    ]
    duration_s = len(found) / per_s
    whole = [
        np.log(duration_s),
        voiced.mean(),
        (below_db < -_PAUSE_DB).mean(),
        _bursts(below_db) / duration_s,
    ]
    parts = [*(_statistics(c, per_s) for c in contours), np.abs(steps).mean(axis=0), np.array(whole)]
    return np.concatenate(parts).astype(np.float32)[None]


def _statistics(contour: Float32, per_s: float) -> Float32:
    """Mean, deviation, tenth, half and nine tenths of the values, slope per second; zeros where there is no value."""
    if not contour.size:
        return np.zeros(_STATISTICS, np.float32)
    times_s = (np.arange(contour.size) - (contour.size - 1) / 2) / per_s
    slope = float(times_s @ contour) / max(float(times_s @ times_s), 1e-6)
    middle = np.percentile(contour, (10, 50, 90))
    return np.array([contour.mean(), contour.std(), *middle, slope], np.float32)


def _bursts(below_db: Float32) -> int:
    """Peaks of the level between dips, at least as loud as a pause is not: about one a syllable (de Jong & Wempe, 2009)."""
    count, rising, peak, dip = 0, True, float(below_db[0]), 0.0
    for level in below_db.tolist():
        if rising:
            peak = max(peak, level)
            if level < peak - _DIP_DB:
                count += peak > -_PAUSE_DB
                rising, dip = False, level
        else:
            dip = min(dip, level)
            if level > dip + _DIP_DB:
                rising, peak = True, level
    return count + (rising and peak > -_PAUSE_DB)
