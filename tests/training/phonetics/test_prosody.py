"""Prosody is Praat's, within what two ways of computing it may differ; and it says so where there is nothing to measure."""

from pathlib import Path

import numpy as np
import pytest

from streamer.features.arrays import Float32
from training.phonetics.intensity import intensity
from training.phonetics.pitch_track import pitch_track
from training.phonetics.prosody import Prosody, prosody

WITHIN = Prosody(
    duration_s=1e-4,
    intensity_db=0.2,
    intensity_std_db=0.2,
    f0_hz=0.6,
    f0_std_hz=0.6,
    f0_range_hz=1.0,
    syllables_per_s=0.2,
    hnr_db=0.3,
)
"""The median difference from Praat's may be at most this."""


def syllables(seconds: float, f0_hz: float, per_s: float = 4.0) -> Float32:
    """A buzz that swells and fades."""
    time_s = np.arange(round(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * f0_hz * k * time_s) / k for k in range(1, 12))
    return np.asarray(0.1 * buzz * (0.51 - 0.49 * np.cos(2 * np.pi * per_s * time_s)), np.float32)


@pytest.mark.parametrize("f0_hz", [90.0, 180.0, 440.0])
def test_a_made_voice_has_the_prosody_that_it_was_made_with(f0_hz: float) -> None:
    found = prosody(syllables(3.0, f0_hz))
    assert found.duration_s == pytest.approx(3.0)
    assert found.f0_hz == pytest.approx(f0_hz, rel=0.005)
    assert found.f0_std_hz < 0.02 * f0_hz
    assert found.syllables_per_s == pytest.approx(4.0, abs=0.5)
    assert found.hnr_db > 15


def test_a_steady_tone_is_as_loud_as_its_mean_square_over_the_threshold_of_hearing() -> None:
    tone = np.asarray(0.2 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000), np.float32)
    np.testing.assert_allclose(intensity(tone, 16_000), 10 * np.log10(0.02 / 4e-10), atol=0.05)


def test_a_gliding_pitch_is_followed_without_jumps_of_an_octave() -> None:
    f0_hz = np.linspace(110, 330, 32_000)
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16_000
    glide = np.asarray(sum(0.1 / k * np.sin(k * phase) for k in range(1, 8)), np.float32)
    track = pitch_track(glide, 16_000)
    expected = np.interp(track.times_s, np.arange(32_000) / 16_000, f0_hz)
    assert np.abs(track.f0_hz / expected - 1).max() < 0.02


@pytest.mark.parametrize("samples", [0, 1, 639, 640, 1_023, 1_025, 8_000])
def test_silence_and_hiss_of_any_length_have_no_pitch_and_do_no_harm(samples: int) -> None:
    silent = prosody(np.zeros(samples, np.float32))
    assert np.isnan([silent.f0_hz, silent.syllables_per_s, silent.hnr_db]).all()
    assert silent.f0_range_hz == 0
    hiss = np.random.default_rng(0).uniform(-0.1, 0.1, samples).astype(np.float32)
    assert prosody(hiss).f0_std_hz >= 0


@pytest.mark.data
def test_prosody_of_recordings_is_praats(shared_data: Path) -> None:
    pytest.importorskip("parselmouth", reason="needs Praat: pip install praat-parselmouth")
    from benchmarks.prosody import compare, recordings

    here, there, _ = compare(recordings(shared_data, 4))
    differences = Prosody(*np.nanmedian(np.abs(here - there), axis=0))
    for name, difference, most in zip(Prosody._fields, differences, WITHIN, strict=True):
        assert difference <= most, name
