"""Sounds that the real voice activity detector takes for speech, or not, without any recording."""

from collections.abc import Callable

import numpy as np
import pytest
from onnxruntime import InferenceSession

from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk
from streamer.segment.voice_activity import open_voice_session

FORMANTS_HZ = {
    "a": (730, 1090, 2440),
    "i": (270, 2290, 3010),
    "u": (300, 870, 2240),
    "e": (530, 1840, 2480),
    "o": (570, 840, 2410),
}

MakeSound = Callable[[float], Float32]
Chunks = Callable[..., list[AudioChunk]]


@pytest.fixture(scope="session")
def voice_session() -> InferenceSession:
    return open_voice_session()


def _vowel(samples: int, formants_hz: tuple[int, ...], pitch_hz: float) -> Float32:
    """Harmonics of a glottis through three resonances, with a syllable's rise and fall."""
    phase = 2 * np.pi * pitch_hz * np.arange(samples) / SAMPLE_RATE_HZ
    sound = np.zeros(samples)
    for harmonic in range(1, 40):
        gains = [
            10 ** (-0.3 * i) / (1 + ((harmonic * pitch_hz - f) / (60 + 0.05 * f)) ** 2)
            for i, f in enumerate(formants_hz)
        ]
        sound += sum(gains) * np.sin(harmonic * phase) / np.sqrt(harmonic)
    sound *= np.sqrt(np.hanning(samples))
    loudest = float(np.abs(sound).max())
    return np.asarray(0.3 / loudest * sound, np.float32)


@pytest.fixture(scope="session")
def babble() -> MakeSound:
    """Nonsense syllables of a length in seconds: the same for the same length."""

    def make(seconds: float) -> Float32:
        rng = np.random.default_rng(0)
        parts: list[Float32] = []
        while sum(map(len, parts)) < seconds * SAMPLE_RATE_HZ:
            vowel = FORMANTS_HZ[str(rng.choice(list(FORMANTS_HZ)))]
            parts.append(_vowel(int(SAMPLE_RATE_HZ * rng.uniform(0.12, 0.22)), vowel, float(rng.uniform(95, 140))))
            parts.append((0.03 * rng.standard_normal(int(SAMPLE_RATE_HZ * rng.uniform(0.03, 0.07)))).astype(np.float32))
        return np.concatenate(parts)[: round(seconds * SAMPLE_RATE_HZ)]

    return make


@pytest.fixture(scope="session")
def silence() -> MakeSound:
    """Nothing but the noise of a converter."""

    def make(seconds: float) -> Float32:
        rng = np.random.default_rng(1)
        return (1e-4 * rng.standard_normal(round(seconds * SAMPLE_RATE_HZ))).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def chunks() -> Chunks:
    """A waveform as a source would hand it on, from a time on."""

    def cut(waveform: Float32, start_s: float = 0.0) -> list[AudioChunk]:
        return [
            AudioChunk(
                start_s + at / SAMPLE_RATE_HZ,
                waveform[at : at + CHUNK_SAMPLES],
                captured_s=1000.0 + at / SAMPLE_RATE_HZ,
            )
            for at in range(0, waveform.shape[0], CHUNK_SAMPLES)
        ]

    return cut
