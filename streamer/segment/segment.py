"""The stage: chunks of sound in; how loud, how likely speech, and the utterances with their samples out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

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
    Watched,
)
from streamer.segment.segmenter import Began, Decision, Ended, Paused, Resumed, Segmenter
from streamer.segment.voice_activity import VoiceActivity
from streamer.segment.waveform_memory import WaveformMemory
from streamer.settings import PAUSE_S, SegmentSettings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_GAP_S: Final = CHUNK_SAMPLES / SAMPLE_RATE_HZ / 2
"""A chunk that begins later than this after the one before follows lost sound; less is rounding."""
SILENCE_DBFS: Final = -100.0
QUIETEST_VOICE_DBFS: Final = -60.0
"""An utterance whose loudest 32 ms are below this has no voice that could be judged."""
TOO_QUIET: Final = f"too quiet: below {QUIETEST_VOICE_DBFS:.0f} dBFS throughout"


def level_dbfs(waveform: Float32) -> float:
    """RMS level of [samples] in [-1, 1]: 0 is a full-scale square wave, never below -100."""
    power = float(np.dot(waveform, waveform)) / waveform.shape[0] if waveform.shape[0] else 0.0
    return max(SILENCE_DBFS, 10.0 * float(np.log10(power))) if power > 0 else SILENCE_DBFS


def loudest_dbfs(waveform: Float32) -> float:
    """Level of the loudest chunk of [samples]."""
    chunks = (waveform[at : at + CHUNK_SAMPLES] for at in range(0, waveform.shape[0], CHUNK_SAMPLES))
    return max(map(level_dbfs, chunks), default=SILENCE_DBFS)


class Segment:
    """One source's. `push` each chunk in its order, `flush` at the end."""

    def __init__(self, settings: SegmentSettings, session: "InferenceSession", liked_pause_s: float = PAUSE_S) -> None:
        """`liked_pause_s`: the recogniser's; it holds where the settings name none."""
        self._settings = settings
        self._liked_pause_s = liked_pause_s
        self._activity = VoiceActivity(session)
        self._utterance = 0
        self._captured_s = 0.0
        self._begin_stretch(0.0)

    def _begin_stretch(self, origin_s: float) -> None:
        """Forget the sound before: positions count from here."""
        self._origin_s = origin_s
        self._segmenter = Segmenter(self._settings, self._liked_pause_s)
        self._memory = WaveformMemory()
        self._handed_out = 0

    def push(self, chunk: AudioChunk | AudioTick) -> Iterator[SegmentEvent]:
        """Hear a chunk: `Heard` first, then what it decides. A chunk after lost sound ends what was open before the loss.

        A tick is a silence without samples: an utterance pauses and ends in it as in one that is heard.
        """
        if isinstance(chunk, AudioTick):
            self._captured_s = chunk.captured_s
            yield Watched(chunk.time_s)
            yield from self._events(self._segmenter.unheard(round((chunk.time_s - self._origin_s) * SAMPLE_RATE_HZ)))
            return
        if self._memory.end == 0:
            self._origin_s = chunk.time_s
        elif chunk.time_s - self._time_s(self._memory.end) > _GAP_S:
            yield from self.flush()
            self._begin_stretch(chunk.time_s)
            self._activity.reset()
        self._captured_s = chunk.captured_s
        self._memory.append(chunk.waveform)
        speech_prob = self._activity.push(chunk.waveform)
        yield Heard(self._time_s(self._memory.end), speech_prob, level_dbfs(chunk.waveform))
        yield from self._events(self._segmenter.push(speech_prob, chunk.waveform.shape[0]))
        if self._segmenter.is_open:
            yield from self._hand_out(self._segmenter.belongs_until)
        self._memory.forget_before(self._segmenter.needed_from)

    def flush(self) -> Iterator[SegmentEvent]:
        """End an open utterance: the stream is over."""
        yield from self._events(self._segmenter.flush())

    def _events(self, decisions: list[Decision]) -> Iterator[SegmentEvent]:
        for decision in decisions:
            match decision:
                case Began(start, until):
                    self._utterance += 1
                    self._handed_out = until
                    yield SpeechStarted(self._utterance, self._time_s(start), self._memory.between(start, until))
                case Paused(at, until):
                    yield from self._hand_out(until)
                    yield SpeechPaused(self._time_s(at))
                case Resumed(at):
                    yield SpeechResumed(self._time_s(at))
                case Ended(end, voice_end):
                    yield from self._hand_out(end)
                    yield SpeechEnded(self._time_s(end), self._time_s(voice_end), self._captured_s)

    def _hand_out(self, until: int) -> Iterator[SpeechContinued]:
        if until > self._handed_out:
            yield SpeechContinued(self._memory.between(self._handed_out, until))
            self._handed_out = until

    def _time_s(self, position: int) -> float:
        return self._origin_s + position / SAMPLE_RATE_HZ
