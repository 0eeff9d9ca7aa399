import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.errors import BundleError
from streamer.features import FunctionalsSpec, VectorsSpec
from streamer.features.arrays import Float32
from streamer.features.functionals import frames
from streamer.features.pitch import VOICED_FROM, pitch

SPEC = FunctionalsSpec()


def voice(seconds: float, f0_hz: float = 140.0, level: float = 0.1) -> Float32:
    time_s = np.arange(round(16_000 * seconds)) / 16_000
    partials = np.stack([np.sin(2 * np.pi * f0_hz * k * time_s) / k for k in range(1, 12)])
    return np.asarray(level * partials.sum(axis=0), np.float32)


def windows(waveform: Float32) -> Float32:
    return np.lib.stride_tricks.sliding_window_view(waveform, 640)[::160]


@pytest.mark.parametrize("f0_hz", [80.0, 123.4, 220.0, 399.0])
def test_the_pitch_of_a_voice_is_found_within_one_percent(f0_hz: float) -> None:
    found = pitch(windows(voice(0.5, f0_hz)), 16_000)
    assert np.abs(found.f0_hz / f0_hz - 1).max() < 0.01
    assert found.strength.min() > 0.9


def test_noise_and_silence_have_no_pitch() -> None:
    hiss = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * np.float32(0.1)
    assert (pitch(windows(hiss), 16_000).strength > VOICED_FROM).mean() < 0.05
    assert pitch(windows(np.zeros(16_000, np.float32)), 16_000).strength.max() == 0


@pytest.mark.parametrize("samples", [0, 1, 639, 640, 641, 16_000, 16_000 * 14])
def test_an_utterance_of_any_length_is_one_finite_vector(samples: int) -> None:
    rng = np.random.default_rng(1)
    for waveform in (np.zeros(samples, np.float32), rng.uniform(-1, 1, samples).astype(np.float32)):
        found = SPEC.extract(waveform)
        assert found.shape == (1, SPEC.width)
        assert np.isfinite(found).all()


def test_the_level_of_the_recording_does_not_count() -> None:
    spoken = voice(1.5) * np.linspace(1, 0.2, 24_000).astype(np.float32)
    loud, quiet = SPEC.extract(spoken), SPEC.extract(spoken * np.float32(0.5))
    # All but the coefficients' means, which a floor under the spectrum holds up where there is nothing.
    assert np.corrcoef(loud[0], quiet[0])[0, 1] > 0.99
    np.testing.assert_allclose(loud[0, -4:], quiet[0, -4:], atol=1e-3)


def test_a_higher_voice_has_a_higher_pitch_and_a_longer_one_a_longer_duration() -> None:
    low, high, longer = (SPEC.extract(w)[0] for w in (voice(1), voice(1, 280), voice(2)))
    pitch_mean = 15 * 6
    assert high[pitch_mean] - low[pitch_mean] == pytest.approx(12, abs=0.2)
    assert longer[-4] - low[-4] == pytest.approx(np.log(2), abs=0.03)


def test_bursts_of_voice_are_counted() -> None:
    spoken = voice(2)
    spoken *= (np.sin(2 * np.pi * 4 * np.arange(32_000) / 16_000) > 0).astype(np.float32)
    found = SPEC.extract(spoken)[0]
    assert found[-1] == pytest.approx(4, abs=0.2)
    assert found[-2] == pytest.approx(0.45, abs=0.15)


def test_a_frame_does_not_depend_on_what_comes_after_it() -> None:
    waveform = np.random.default_rng(2).standard_normal(8_000).astype(np.float32)
    short = frames(waveform[:4_000])
    np.testing.assert_allclose(short, frames(waveform)[: len(short)], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=8))
def test_streaming_equals_offline_however_the_sound_is_cut(lengths: list[int]) -> None:
    waveform = np.random.default_rng(3).standard_normal(sum(lengths)).astype(np.float32) * np.float32(0.1)
    stream, begin = SPEC.stream(), 0
    for length in lengths:
        stream.push(waveform[begin : begin + length])
        begin += length
    np.testing.assert_allclose(stream.features(), SPEC.extract(waveform), rtol=1e-3, atol=1e-3)


def test_vectors_that_came_with_a_corpus_cannot_be_heard_and_say_what_can() -> None:
    spec = VectorsSpec(1611, "MELD's published features")
    with pytest.raises(BundleError, match=r"audio\.spec: .* 1611 values .*train its recipe on `functionals`"):
        spec.extract(np.zeros(16_000, np.float32))
    with pytest.raises(BundleError, match="cannot be computed from sound"):
        spec.stream()
