"""Rooms, microphones and voices, imitated on log-mel before it is normalised."""

from typing import Final

import msgspec
import numpy as np

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from streamer.features.log_mel import mel_edges_hz
from training.sessions import SessionAugment


class SoundAugment(msgspec.Struct, frozen=True, kw_only=True):
    """How far each change goes; 0 is none."""

    min_crop_s: float = 1.0
    max_crop_s: float = 4.0
    whole: float = 0.7
    """Share of clips that are not cropped below `max_crop_s`."""
    gain_db: float = 6.0
    noise: float = 0.3
    """Share of clips that get noise, at 5 to 30 dB below the speech."""
    speed: float = 0.12
    pitch_bands: float = 1.5
    """Shift along the mel axis, in bands."""
    tilt_db: float = 4.0
    reverb: float = 0.15
    """Share of clips whose bands decay slowly, as in a room."""
    line: float = 0.0
    """Share of clips that come over a line which carries a part of the spectrum alone: a telephone's, a radio's, a sparing codec's."""
    time_masks: int = 1
    time_mask_frames: int = 20
    band_masks: int = 1
    band_mask_width: int = 8
    session: SessionAugment = SessionAugment()


def augment_mel(
    mel: Float32, before: Float32, spec: LogMelSpec, config: SoundAugment, rng: np.random.Generator
) -> tuple[Float32, Float32]:
    """A clip, and what was heard before it, in another voice at another microphone.

    Args:
        mel: [frames, n_mels] of `log_mel`, not normalised.
        before: [earlier, n_mels], the `voice_spectrum` of each clip before: they share voice, microphone and noise with this one.
        spec: Of the clip.
        config: How far to go.
        rng: Decides.

    Returns:
        The clip in another length, and `before`.
    """
    mel = _crop(mel, spec, config, rng)
    speed, bands = 1 + config.speed * rng.uniform(-1, 1), rng.uniform(-1, 1) * config.pitch_bands
    mel = _resample(mel, max(8, round(len(mel) / speed)), bands)
    before = _resample(before, len(before), bands)
    power, power_before = np.exp(mel), np.exp(before)
    if rng.random() < config.reverb:
        power = _reverb(power, decay=float(rng.uniform(0.5, 0.9)))
    tilt = np.linspace(-1, 1, mel.shape[1], dtype=np.float32) * rng.uniform(-1, 1) * config.tilt_db
    microphone = 10 ** ((tilt + rng.uniform(-1, 1) * config.gain_db) / 10)
    power, power_before = power * microphone, power_before * microphone
    if rng.random() < config.noise:
        noise = _noise(power, rng)
        power, power_before = power + noise, power_before + noise.mean(axis=0)
    if rng.random() < config.line:
        carried = _line(spec, rng)
        power, power_before = power * carried, power_before * carried
    return np.log(power + spec.floor).astype(np.float32), np.log(power_before + spec.floor).astype(np.float32)


def mask_mel(features: Float32, config: SoundAugment, rng: np.random.Generator) -> Float32:
    """SpecAugment (Park et al., 2019) on normalised features [frames, n_mels]: 0 is the mean."""
    frames, bands = features.shape
    features = features.copy()
    for _ in range(config.time_masks):
        width = int(rng.integers(0, min(config.time_mask_frames, frames // 4) + 1))
        start = int(rng.integers(0, frames - width + 1))
        features[start : start + width] = 0
    for _ in range(config.band_masks):
        width = int(rng.integers(0, config.band_mask_width + 1))
        start = int(rng.integers(0, bands - width + 1))
        features[:, start : start + width] = 0
    return features


def _crop(mel: Float32, spec: LogMelSpec, config: SoundAugment, rng: np.random.Generator) -> Float32:
    per_s = spec.sample_rate_hz / spec.hop_length
    longest = config.max_crop_s if rng.random() < config.whole else rng.uniform(config.min_crop_s, config.max_crop_s)
    frames = min(len(mel), round(longest * per_s))
    start = int(rng.integers(0, len(mel) - frames + 1))
    return mel[start : start + frames]


def _resample(mel: Float32, wanted: int, bands: float) -> Float32:
    """As many frames as `wanted`, shifted by `bands`, by bilinear interpolation."""
    import cv2

    frames, width = mel.shape
    if not frames:
        return mel
    matrix = np.array([[1, 0, bands], [0, wanted / frames, 0]], np.float32)
    return np.asarray(
        cv2.warpAffine(mel, matrix, (width, wanted), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _reverb(power: Float32, decay: float) -> Float32:
    """Each frame keeps `decay` of the one before it; per band, so cheap that it needs no impulse response."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1 - decay], [1, -decay], power, axis=0), np.float32) * 0.6 + power * 0.4


_SILENT_DB: Final = 80.0
"""What a resampler leaves of a band that a line cannot carry: G.711's takes 60 to 80 dB (`benchmarks/voice_conditions.py`)."""


def _line(spec: LogMelSpec, rng: np.random.Generator) -> Float32:
    """What a line carries of each band's power, [n_mels]: from 50 to 350 Hz up to 3 to 6 kHz, with edges of 30 to 120 dB an octave."""
    low_hz, high_hz = rng.uniform(50, 350), 1_000 * 2 ** rng.uniform(np.log2(3), np.log2(6))
    octaves = np.log2(np.array(mel_edges_hz(spec)[1:-1]))
    outside = np.maximum(np.log2(low_hz) - octaves, 0) + np.maximum(octaves - np.log2(high_hz), 0)
    lost_db = np.minimum(outside * rng.uniform(30, 120), _SILENT_DB)
    return np.asarray(10 ** (-lost_db / 10), np.float32)


def _noise(power: Float32, rng: np.random.Generator) -> Float32:
    """Coloured, slowly changing noise, 5 to 30 dB below the mean power of the speech."""
    frames, bands = power.shape
    slope = np.exp(np.linspace(0, rng.uniform(-4, 1), bands))
    level = np.exp(np.interp(np.arange(frames), np.linspace(0, frames, 5), rng.normal(0, 0.5, 5)))
    grain = rng.gamma(3.0, 1 / 3, (frames, bands))
    noise = slope * level[:, None] * grain
    return np.asarray(noise * power.mean() / noise.mean() * 10 ** (-rng.uniform(5, 30) / 10), np.float32)
