"""An utterance is heard relative to what the microphone heard before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from streamer.features.log_mel import log_mel, mel_edges_hz, normalise
from streamer.features.voice_spectrum import typical_spectrum, voice_spectrum

SPEC = LogMelSpec(relative_to="session", history_utterances=16, floor=1e-12)


def noise(seed: int = 0, samples: int = 16_000) -> Float32:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def memory(waveform: Float32) -> Float32:
    stream = SPEC.stream()
    stream.push(waveform)
    found = stream.memory()
    assert found is not None
    return found


def dull(waveform: Float32) -> Float32:
    """As through a wall: what is high is taken away."""
    return np.convolve(waveform, np.full(8, 1 / 8), mode="same").astype(np.float32)


def test_how_loud_the_microphone_is_does_not_matter_when_it_always_was() -> None:
    quiet = np.float32(0.05)
    before = [memory(noise(seed)) for seed in range(1, 9)]
    quieter = [memory(noise(seed) * quiet) for seed in range(1, 9)]
    np.testing.assert_allclose(
        SPEC.extract(noise(), before), SPEC.extract(noise() * quiet, quieter), atol=1e-3, err_msg="level"
    )


def test_who_speaks_louder_than_before_is_heard_louder() -> None:
    before = [memory(noise(seed)) for seed in range(1, 9)]
    difference = SPEC.extract(noise() * np.float32(2), before) - SPEC.extract(noise(), before)
    np.testing.assert_allclose(difference, np.log(4) * 8 / 9, atol=1e-3)


def test_the_colour_of_a_microphone_goes_away_with_what_was_heard_through_it() -> None:
    def off(count: int) -> float:
        plain, coloured = ([memory(of(noise(seed))) for seed in range(1, 1 + count)] for of in (np.asarray, dull))
        return float(np.abs(SPEC.extract(dull(noise()), coloured) - SPEC.extract(noise(), plain)).mean())

    assert off(16) < 0.25 * off(0)


def test_without_anything_before_average_speech_is_flat() -> None:
    typical = typical_spectrum(mel_edges_hz(SPEC))
    assert typical[:20].mean() > typical[-20:].mean() + 3  # speech falls towards the high
    white = log_mel(noise(), SPEC)
    like_speech = white - voice_spectrum(white) + typical
    assert np.ptp(voice_spectrum(normalise(like_speech, SPEC))) < 1e-3


@given(st.integers(0, 40))
def test_a_voice_that_was_hardly_heard_is_not_remembered(samples: int) -> None:
    stream = SPEC.stream()
    stream.push(noise(samples=samples))
    assert stream.memory() is None


def test_what_was_heard_after_the_end_of_an_utterance_is_left_out() -> None:
    wave = noise(samples=24_000)
    stream = SPEC.stream([memory(noise(1))])
    for start in range(0, 24_000, 512):
        stream.push(wave[start : start + 512])
    np.testing.assert_allclose(stream.features(16_000), SPEC.extract(wave[:16_000], [memory(noise(1))]), atol=1e-4)
    found = stream.memory(16_000)
    assert found is not None
    np.testing.assert_allclose(found, memory(wave[:16_000]), atol=1e-4)
