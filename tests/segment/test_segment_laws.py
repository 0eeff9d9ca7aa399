"""The stage with scripted probabilities: what holds for any stretch of sound and any settings that are accepted."""

from itertools import chain
from typing import cast

import numpy as np
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from onnxruntime import InferenceSession
from pydantic import ValidationError

from streamer.features.arrays import Float32
from streamer.messages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    AudioTick,
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Waited,
    Watched,
)
from streamer.segment import Segment
from streamer.settings import SegmentSettings

CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ


class ScriptedNetwork:
    """Silero's inputs and outputs; the probabilities are given."""

    def __init__(self, probs: list[float]) -> None:
        self._probs = iter(probs)

    def run(self, outputs: list[str], inputs: dict[str, Float32]) -> tuple[Float32, Float32, Float32]:
        return np.array([next(self._probs)], np.float32), inputs["h"], inputs["c"]


def listen(config: SegmentSettings, probs: list[float], *, ticks: int) -> list[SegmentEvent]:
    """Each sample is its own position, so that none can be taken for another; ticks come after the last."""
    segment = Segment(config, cast("InferenceSession", ScriptedNetwork(probs)))
    events: list[SegmentEvent] = []
    for index in range(len(probs)):
        waveform = np.arange(index * CHUNK_SAMPLES, (index + 1) * CHUNK_SAMPLES, dtype=np.float32)
        events += segment.push(AudioChunk(index * CHUNK_S, waveform, 0.0))
    for index in range(1, ticks + 1):
        events += segment.push(AudioTick((len(probs) + index) * CHUNK_S, 0.0))
    return [*events, *segment.flush()]


@st.composite
def accepted_settings(draw: st.DrawFn) -> SegmentSettings:
    lengths_s = st.sampled_from([0.03, 0.1, 0.3, 0.5, 1.0, 2.0])
    min_silence_s = draw(lengths_s)
    try:
        return SegmentSettings(
            min_speech_s=draw(lengths_s),
            pause_s=min(draw(lengths_s), min_silence_s),
            min_silence_s=min_silence_s,
            pad_s=min(draw(lengths_s), min_silence_s),
            max_utterance_s=draw(st.sampled_from([1.1, 1.5, 2.0, 3.0])),
        )
    except ValidationError:
        reject()


def runs(*probs_and_chunks: tuple[float, int]) -> list[float]:
    return [prob for prob, chunks in probs_and_chunks for _ in range(chunks)]


voices = st.tuples(st.sampled_from([0.5, 0.9]), st.integers(1, 30))
silences = st.tuples(st.sampled_from([0.0, 0.3]), st.integers(1, 30))
stretches = st.lists(st.tuples(voices, silences), min_size=1, max_size=8).map(lambda pairs: runs(*chain(*pairs)))
SPARSE = SegmentSettings(max_utterance_s=1.1, min_speech_s=0.5, min_silence_s=0.8, pad_s=0.3, pause_s=0.3)


@settings(deadline=None, max_examples=50)
@example(SPARSE, runs((0.9, 4), (0.0, 20)) * 3 + runs((0.9, 40), (0.0, 30)), 0)
@given(accepted_settings(), stretches, st.integers(0, 80))
def test_utterances_are_whole_come_one_after_the_other_and_none_is_too_long(
    config: SegmentSettings, probs: list[float], ticks: int
) -> None:
    number, start, handed_out, ended_at = 0, 0, 0, 0
    is_open = paused = False
    for event in listen(config, probs, ticks=ticks):
        match event:
            case SpeechStarted(utterance, start_s, waveform):
                number, start = number + 1, round(start_s * SAMPLE_RATE_HZ)
                assert not is_open
                assert utterance == number
                assert start >= ended_at
                assert (waveform[0], waveform[-1]) == (start, start + waveform.shape[0] - 1)
                is_open, paused, handed_out = True, False, start + waveform.shape[0]
            case SpeechContinued(waveform):
                assert is_open
                assert (waveform[0], waveform[-1]) == (handed_out, handed_out + waveform.shape[0] - 1)
                handed_out += waveform.shape[0]
            case SpeechPaused():
                assert is_open
                assert not paused
                paused = True
            case SpeechResumed():
                assert paused
                paused = False
            case SpeechEnded(end_s, speech_end_s, _):
                ended_at = round(end_s * SAMPLE_RATE_HZ)
                assert is_open
                assert start < round(speech_end_s * SAMPLE_RATE_HZ) <= ended_at <= handed_out
                assert (ended_at - start) / SAMPLE_RATE_HZ < config.max_utterance_s + CHUNK_S
                is_open = paused = False
            case Heard() | Watched() | Waited():
                pass
    assert not is_open
