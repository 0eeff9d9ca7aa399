import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.features import LogMelSpec, MfccSpec

RAW = MfccSpec(LogMelSpec(n_fft=400, relative_to="nothing"), n_mfcc=30)


def noise(samples: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def test_it_equals_torchaudio() -> None:
    torch = pytest.importorskip("torch")
    torchaudio = pytest.importorskip("torchaudio")
    mel = RAW.mel
    transform = torchaudio.transforms.MFCC(
        mel.sample_rate_hz,
        n_mfcc=RAW.n_mfcc,
        log_mels=True,
        melkwargs={
            "n_fft": mel.n_fft,
            "win_length": mel.win_length,
            "hop_length": mel.hop_length,
            "f_min": mel.f_min_hz,
            "f_max": mel.f_max_hz,
            "n_mels": mel.n_mels,
            "center": False,
        },
    )
    waveform = noise(24_000)
    theirs = transform(torch.from_numpy(waveform)).numpy().T
    ours = RAW.extract(waveform)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() / np.abs(theirs).max() < 1e-4


def test_the_mean_over_the_utterance_is_taken_away_where_the_log_mel_says_so() -> None:
    spec = MfccSpec(LogMelSpec(std=2.0))
    found = spec.extract(noise(16_000))
    assert found.shape == (spec.mel.frames(16_000), spec.width)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=8))
def test_streaming_equals_offline_however_the_sound_is_cut(lengths: list[int]) -> None:
    waveform, stream, begin = noise(sum(lengths)), RAW.stream(), 0
    for length in lengths:
        stream.push(waveform[begin : begin + length])
        begin += length
    np.testing.assert_allclose(stream.features(), RAW.extract(waveform), atol=1e-4)


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="n_mfcc is 65, must be between 1 and n_mels, 64"):
        MfccSpec(n_mfcc=65)
