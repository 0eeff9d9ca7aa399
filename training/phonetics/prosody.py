"""How something was said, in eight numbers that phonetics has names for: length, loudness, pitch, rate and roughness.

They are defined as Praat computes them with its own constants, so that a model that learned from values which Praat measured on
sound that we do not have (MELD's published ones) can be given what is measured here; `benchmarks/prosody.py` says how far apart
they are. It needs the whole utterance. Loudness is that of the recording: a microphone's gain is in it.
"""

import itertools
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import Float32
from training.phonetics.harmonicity import harmonicity
from training.phonetics.intensity import intensity
from training.phonetics.pitch_track import PitchTrack, pitch_track

_SYLLABLES_F_MIN_HZ: Final = 50.0
"""Of the loudness in which syllables are counted: a slow one, in which a period of the voice is no peak."""
_PAUSE_DB: Final = 25.0
"""Below the 99th percentile of the loudness."""
_DIP_DB: Final = 2.0
_MIN_PAUSE_S: Final = 0.3
_MIN_SOUNDING_S: Final = 0.1
_VOICED_WITHIN_S: Final = 0.05


class Prosody(NamedTuple):
    """Of one utterance; NaN for what it has not."""

    duration_s: float
    intensity_db: float
    """Mean of the loudness, above 20 µPa where a sample of 1 is 1 Pa."""
    intensity_std_db: float
    f0_hz: float
    """Mean pitch of what is voiced; NaN where nothing is."""
    f0_std_hz: float
    """0 where nothing is voiced."""
    f0_range_hz: float
    """Highest less lowest; 0 where nothing is voiced."""
    syllables_per_s: float
    """Of speaking, pauses not counted; NaN where there is no syllable to be heard."""
    hnr_db: float
    """Mean harmonics-to-noise ratio of what is not silent."""


def prosody(waveform: Float32, sample_rate_hz: int = 16_000) -> Prosody:
    """[samples], mono -> what was measured. Any length: an utterance too short for a value has NaN there."""
    track = pitch_track(waveform, sample_rate_hz)
    f0_hz = track.f0_hz[np.isfinite(track.f0_hz)].astype(np.float64)
    level_db = intensity(waveform, sample_rate_hz).astype(np.float64)
    hnr_db = harmonicity(waveform, sample_rate_hz)
    hnr_db = hnr_db[np.isfinite(hnr_db)]
    return Prosody(
        duration_s=waveform.shape[0] / sample_rate_hz,
        intensity_db=_or_nan(level_db.mean() if level_db.size else None),
        intensity_std_db=_or_nan(level_db.std() if level_db.size else None),
        f0_hz=_or_nan(f0_hz.mean() if f0_hz.size else None),
        f0_std_hz=float(f0_hz.std()) if f0_hz.size else 0.0,
        f0_range_hz=float(np.ptp(f0_hz)) if f0_hz.size else 0.0,
        syllables_per_s=syllable_rate(waveform, sample_rate_hz, track),
        hnr_db=_or_nan(hnr_db.mean() if hnr_db.size else None),
    )


def syllable_rate(waveform: Float32, sample_rate_hz: int, track: PitchTrack) -> float:
    """Voiced peaks of the loudness between dips, per second of speaking (de Jong & Wempe, 2009); NaN where there is none."""
    level_db = intensity(waveform, sample_rate_hz, f_min_hz=_SYLLABLES_F_MIN_HZ)
    if level_db.size < 3:
        return float("nan")
    hop_s = 0.8 / _SYLLABLES_F_MIN_HZ
    threshold_db = max(float(np.quantile(level_db, 0.99)) - _PAUSE_DB, float(level_db.min()))
    # Half a window at either end has no loudness of its own: it goes with its neighbour.
    edge_s = (waveform.shape[0] / sample_rate_hz - level_db.size * hop_s) / 2
    loud = np.pad(level_db > threshold_db, round(edge_s / hop_s), mode="edge")
    speaking_s = _speaking(loud, round(_MIN_PAUSE_S / hop_s), round(_MIN_SOUNDING_S / hop_s)) * hop_s
    inner = level_db[1:-1]
    peaks = 1 + np.flatnonzero((inner > level_db[:-2]) & (inner >= level_db[2:]) & (inner > threshold_db))
    voiced_s = track.times_s[np.isfinite(track.f0_hz)]
    count = 0
    for peak, following in itertools.pairwise(peaks.tolist()):
        time_s = edge_s + (peak + 0.5) * hop_s
        dips = level_db[peak] - level_db[peak:following].min() > _DIP_DB
        count += bool(dips and voiced_s.size and np.abs(voiced_s - time_s).min() <= _VOICED_WITHIN_S)
    return count / speaking_s if count and speaking_s else float("nan")


def _speaking(loud: NDArray[np.bool_], min_pause: int, min_sounding: int) -> int:
    """Frames of speaking: pauses that are too short belong to it, sounds that are too short do not."""
    edges = np.flatnonzero(np.diff(loud.astype(np.int8), prepend=1 - int(loud[0]))).tolist()
    runs = [[bool(loud[begin]), end - begin] for begin, end in zip(edges, [*edges[1:], loud.size], strict=True)]
    for sounding, least in ((False, min_pause), (True, min_sounding)):
        joined: list[list[int]] = []
        for kind, length in runs:
            kept = kind if kind != sounding or length >= least else not kind
            if joined and joined[-1][0] == kept:
                joined[-1][1] += length
            else:
                joined.append([kept, length])
        runs = joined
    return sum(length for kind, length in runs if kind)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)
