"""What a network that hears a dialogue is given of the utterances before."""

import numpy as np

from streamer.analysis.dialogue import FORGET_AFTER_S
from streamer.analysis.voices import Voices
from streamer.features import FunctionalsSpec, LogMelSpec, WaveformSpec
from streamer.features.arrays import Float32


def vector(value: float) -> Float32:
    return np.full((1, 3), value, np.float32)


def test_the_last_utterances_come_oldest_first() -> None:
    voices = Voices(FunctionalsSpec(history_utterances=2))
    assert voices.before(0.0) == ()
    for number in range(3):
        voices.add(vector(number), end_s=number + 1.0)
    assert [float(v[0, 0]) for v in voices.before(4.0)] == [1.0, 2.0]


def test_an_utterance_without_a_voice_is_none_of_them() -> None:
    voices = Voices(FunctionalsSpec(history_utterances=2))
    voices.add(None, end_s=1.0)
    assert voices.before(2.0) == ()


def test_after_a_long_silence_the_dialogue_begins_anew() -> None:
    voices = Voices(FunctionalsSpec(history_utterances=2))
    voices.add(vector(1), end_s=1.0)
    assert len(voices.before(1.0 + FORGET_AFTER_S)) == 1
    assert voices.before(1.1 + FORGET_AFTER_S) == ()


def test_what_a_microphone_sounds_like_outlasts_a_silence() -> None:
    voices = Voices(LogMelSpec(relative_to="session", history_utterances=2))
    voices.add(vector(1), end_s=1.0)
    assert len(voices.before(10 * FORGET_AFTER_S)) == 1


def test_a_network_that_hears_each_utterance_by_itself_is_given_none() -> None:
    for spec in (LogMelSpec(), WaveformSpec(), None):
        voices = Voices(spec)
        voices.add(vector(1), end_s=1.0)
        assert (voices.remembers, voices.before(2.0)) == (False, ())
