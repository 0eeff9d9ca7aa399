"""A voice that came through a telephone is heard as if its line had been whole."""

import numpy as np
import pytest
import soxr

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from streamer.features.log_mel import log_mel, mel_edges_hz
from streamer.features.narrow_band import widened
from streamer.messages import SAMPLE_RATE_HZ

SPEC = LogMelSpec(relative_to="session", range_db=48.0, history_utterances=16)
EDGES_HZ = mel_edges_hz(SPEC)
CENTRES_HZ = np.array(EDGES_HZ[1:-1])
SAID_S = (0.8, 3.05), (3.5, 5.8), (6.3, 8.6)


def utterances(sound: Float32) -> list[Float32]:
    return [sound[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)] for start, end in SAID_S]


def by_telephone(waveform: Float32) -> Float32:
    """8,000 samples a second, between 300 and 3,400 Hz."""
    spectrum = np.fft.rfft(waveform)
    hz = np.fft.rfftfreq(waveform.shape[0], 1 / SAMPLE_RATE_HZ)
    spectrum[(hz < 300) | (hz > 3_400)] = 0
    return np.fft.irfft(spectrum, waveform.shape[0]).astype(np.float32)


def wide(mel: Float32) -> Float32:
    return widened(mel, EDGES_HZ, SPEC.floor)


@pytest.mark.parametrize("level", [1.0, 0.3, 0.1])
def test_what_the_line_left_out_is_nearer_to_the_voice_than_silence_is_however_quiet_the_line(
    demo_voice: Float32, level: float
) -> None:
    for spoken in utterances(demo_voice * np.float32(level)):
        whole, narrow = log_mel(spoken, SPEC), log_mel(by_telephone(spoken), SPEC)
        lost = CENTRES_HZ > 4_200
        assert np.abs(wide(narrow) - whole)[:, lost].mean() < 0.9 * np.abs(narrow - whole)[:, lost].mean()


def test_what_the_line_carried_stays_as_it_is(demo_voice: Float32) -> None:
    carried = (CENTRES_HZ > 350) & (CENTRES_HZ < 3_300)
    for spoken in utterances(demo_voice):
        narrow = log_mel(by_telephone(spoken), SPEC)
        np.testing.assert_array_equal(wide(narrow)[:, carried], narrow[:, carried])


def test_a_whole_voice_and_silence_are_left_alone(demo_voice: Float32) -> None:
    for waveform in (*utterances(demo_voice), np.zeros(SAMPLE_RATE_HZ, np.float32)):
        mel = log_mel(waveform, SPEC)
        assert wide(mel) is mel


def test_a_narrow_film_of_8_khz_is_known_for_one(demo_voice: Float32) -> None:
    for spoken in utterances(demo_voice):
        resampled = soxr.resample(soxr.resample(spoken, SAMPLE_RATE_HZ, 8_000), 8_000, SAMPLE_RATE_HZ)
        mel = log_mel(np.asarray(resampled, np.float32), SPEC)
        assert wide(mel) is not mel


def test_later_utterances_are_told_of_the_filled_voice(demo_voice: Float32) -> None:
    first, *_ = utterances(demo_voice)
    stream = SPEC.stream()
    stream.push(by_telephone(first))
    told = stream.memory()
    assert told is not None
    assert np.all(told[CENTRES_HZ > 4_200] > np.log(SPEC.floor) + 1)
