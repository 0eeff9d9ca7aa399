import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.features import LogMelSpec
from streamer.features.log_mel import RelativeTo, log_mel

SPEC = LogMelSpec()
WINDOW, HOP = SPEC.win_length, SPEC.hop_length


def noise(samples: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


@pytest.mark.parametrize("samples", [WINDOW, WINDOW + HOP - 1, WINDOW + HOP, WINDOW + HOP + 1, 16_000])
def test_a_waveform_has_as_many_frames_as_whole_windows_fit(samples: int) -> None:
    assert log_mel(noise(samples), SPEC).shape == (1 + (samples - WINDOW) // HOP, SPEC.n_mels)


@pytest.mark.parametrize("tone_hz", [200.0, 1_000.0, 4_000.0])
def test_a_pure_tone_peaks_in_the_band_that_theory_predicts(tone_hz: float) -> None:
    mel = log_mel(np.sin(2 * np.pi * tone_hz * np.arange(16_000) / 16_000).astype(np.float32), SPEC)
    low, high, here = (2595 * np.log10(1 + hz / 700) for hz in (SPEC.f_min_hz, SPEC.f_max_hz, tone_hz))
    expected = (here - low) / (high - low) * (SPEC.n_mels + 1) - 1
    assert abs(float(mel.mean(axis=0).argmax()) - expected) <= 1


def test_a_frame_does_not_depend_on_what_comes_after_it() -> None:
    waveform = noise(8_000)
    whole = log_mel(waveform, SPEC)[: SPEC.frames(4_000)]
    # Some processors sum a product of matrices in another order where it has more rows.
    np.testing.assert_allclose(log_mel(waveform[:4_000], SPEC), whole, rtol=0, atol=1e-5)


def test_less_than_one_window_is_an_error_that_says_how_much_is_needed() -> None:
    with pytest.raises(ValueError, match="at least 400 samples, got 399"):
        log_mel(noise(399), SPEC)


def test_silence_and_a_single_sample_give_finite_features() -> None:
    for samples in (0, 1, 16_000):
        features = SPEC.extract(np.zeros(samples, np.float32))
        assert features.shape[0] >= 1
        assert np.isfinite(features).all()


def test_a_longer_utterance_keeps_its_last_seconds() -> None:
    waveform = noise(16_000 * 14)
    whole = LogMelSpec(relative_to="nothing", max_s=100).extract(waveform)
    kept = LogMelSpec(relative_to="nothing").extract(waveform)
    assert kept.shape[0] == SPEC.frames(16_000 * 12)
    np.testing.assert_array_equal(kept, whole[-kept.shape[0] :])


@pytest.mark.parametrize("relative_to", ["bands", "level"])
def test_level_does_not_matter_when_features_are_relative_to_the_utterance(relative_to: RelativeTo) -> None:
    spec = LogMelSpec(floor=1e-12, relative_to=relative_to)
    np.testing.assert_allclose(spec.extract(noise(16_000)), spec.extract(noise(16_000) * np.float32(0.25)), atol=1e-3)


def test_relative_to_the_level_timbre_stays_and_a_silent_studio_is_as_quiet_as_a_quiet_room() -> None:
    spec = LogMelSpec(relative_to="level", floor=1e-12)
    dull = np.cumsum(noise(16_000)) * np.float32(0.01)
    assert spec.extract(dull)[:, :16].mean() > spec.extract(dull)[:, -16:].mean() + 2
    burst = np.concatenate([noise(8_000), np.zeros(8_000, np.float32)])
    room = burst + noise(16_000, seed=1) * np.float32(1e-4)
    np.testing.assert_allclose(spec.extract(burst), spec.extract(room), atol=0.05)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=12))
def test_streaming_equals_offline_however_the_sound_is_cut(lengths: list[int]) -> None:
    waveform = noise(sum(lengths))
    stream = SPEC.stream()
    begin = 0
    for length in lengths:
        stream.push(waveform[begin : begin + length])
        begin += length
    np.testing.assert_allclose(stream.features(), SPEC.extract(waveform), atol=1e-5)


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        LogMelSpec(n_fft=1024, win_length=1024, hop_length=256, n_mels=80, f_max_hz=8_000),
        LogMelSpec(n_fft=400, n_mels=80, f_min_hz=0, f_max_hz=8_000, mel_scale="slaney"),
    ],
)
def test_it_equals_torchaudio(spec: LogMelSpec) -> None:
    torch = pytest.importorskip("torch")
    torchaudio = pytest.importorskip("torchaudio")
    transform = torchaudio.transforms.MelSpectrogram(
        spec.sample_rate_hz,
        n_fft=spec.n_fft,
        win_length=spec.win_length,
        hop_length=spec.hop_length,
        f_min=spec.f_min_hz,
        f_max=spec.f_max_hz,
        n_mels=spec.n_mels,
        mel_scale=spec.mel_scale,
        center=False,
    )
    waveform = noise(24_000)
    # torchaudio centres a window that is shorter than the FFT in it; ours begins at the first sample.
    margin = (spec.n_fft - spec.win_length) // 2
    theirs = transform(torch.from_numpy(np.pad(waveform, margin))).numpy().T
    ours = np.exp(log_mel(waveform, spec)) - spec.floor
    assert np.abs(ours - theirs).max() / np.abs(theirs).max() < 1e-4
