"""Where utterances begin and end: pure decisions on one speech probability per chunk. No sound, no clock, no thread.

Positions are samples since the segmenter began. It hears one unbroken stretch of sound; after a loss, a new one begins.

- A voice begins at `onset` and goes on down to `offset`.
- Bursts with less than `min_silence_s` between them belong together: a short "Well," is part of what follows. An utterance begins once
  they add up to `min_speech_s`, at the first of them; if they never do, or not within `max_utterance_s`, they were coughs.
- After `pause_s` of silence the utterance pauses, after `min_silence_s` it has ended; else it resumes.
- At `max_utterance_s` it ends if it pauses just then; else it is cut where the voice was weakest in its last third, and what follows
  the cut is judged anew.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from streamer.settings import PAUSE_S, SegmentSettings

_SMOOTHED_CHUNKS: Final = 5
"""160 ms: a cut goes into the middle of a pause, not into a closed plosive."""


class Began(NamedTuple):
    """An utterance has begun at `start`, padding included, and so far reaches to `until`."""

    start: int
    until: int


class Paused(NamedTuple):
    """Silence since a while at `at`; the utterance reaches to `until`, padding included."""

    at: int
    until: int


class Resumed(NamedTuple):
    """The voice is back at `at`."""

    at: int


class Ended(NamedTuple):
    """The utterance reaches to `end`, padding included; the voice stopped at `voice_end`."""

    end: int
    voice_end: int


Decision = Began | Paused | Resumed | Ended


@dataclass(frozen=True, slots=True)
class _Heard:
    """One chunk of the utterance that may have to be cut."""

    end: int
    samples: int
    speech_prob: float
    voiced: bool


class Segmenter:
    """Decides for one unbroken stretch of sound."""

    def __init__(self, settings: SegmentSettings, liked_pause_s: float = PAUSE_S) -> None:
        """`liked_pause_s`: for `pause_s`, where the settings name none."""
        self._onset = settings.onset
        self._offset = settings.offset
        self._min_speech = _samples(settings.min_speech_s)
        self._pause = _samples(liked_pause_s if settings.pause_s is None else settings.pause_s)
        self._min_silence = _samples(settings.min_silence_s)
        self._pad = _samples(settings.pad_s)
        self._max_utterance = _samples(settings.max_utterance_s)
        self._heard = 0
        self._voiced = False
        self._closed_until = 0
        """End of the utterance before: padding does not reach back across it."""
        self._forget()

    def _forget(self) -> None:
        self._chunks: list[_Heard] = []
        self._speech = 0
        self._voice_start: int | None = None
        self._voice_end = 0
        self._open = False
        self._paused = False

    @property
    def is_open(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return self._open

    @property
    def belongs_until(self) -> int:
        """How far the samples certainly belong to the open utterance: silence beyond the padding waits for the voice to resume."""
        return min(self._heard, self._voice_end + self._pad)

    @property
    def needed_from(self) -> int:
        """Samples before this will never be asked for again."""
        since = self._heard if self._voice_start is None else self._voice_start
        return max(self._closed_until, since - self._pad)

    def push(self, speech_prob: float, samples: int = CHUNK_SAMPLES) -> list[Decision]:
        """Hear the next chunk.

        Args:
            speech_prob: in [0, 1].
            samples: length of the chunk.

        Returns:
            What it decides, in order; mostly nothing.
        """
        self._heard += samples
        self._voiced = speech_prob >= (self._offset if self._voiced else self._onset)
        decisions = self._voice(samples) if self._voiced else self._silence(self._heard)
        if self._voice_start is not None:
            self._chunks.append(_Heard(self._heard, samples, speech_prob, self._voiced))
        if self._open and self._heard - self.needed_from >= self._max_utterance:
            decisions += self.flush() if self._paused else self._cut()
        return decisions

    def unheard(self, until: int) -> list[Decision]:
        """There is no sound up to a position: a silence like any other, but that it has no samples."""
        self._voiced = False
        return self._silence(until)

    def flush(self) -> list[Decision]:
        """The stretch of sound is over: end what is open."""
        if not self._open:
            return []
        ended = Ended(self.belongs_until, self._voice_end)
        self._closed_until = ended.end
        self._forget()
        return [ended]

    def _voice(self, samples: int) -> list[Decision]:
        if self._voice_start is None:
            self._voice_start = self._heard - samples
        self._voice_end = self._heard
        self._speech += samples
        if self._paused:
            self._paused = False
            return [Resumed(self._heard)]
        if not self._open and self._speech >= self._min_speech:
            self._open = True
            return [Began(self.needed_from, self.belongs_until)]
        return []

    def _silence(self, until: int) -> list[Decision]:
        if self._voice_start is None:
            return []
        silence = until - self._voice_end + CHUNK_SAMPLES // 2  # to the nearest chunk, not to the next
        if silence >= self._min_silence:
            ended = self.flush()
            self._forget()
            return ended
        if not self._open and until - self.needed_from > self._max_utterance - self._min_speech:
            self._forget()  # when they had added up, it would be too long already
        if self._open and not self._paused and silence >= self._pause:
            self._paused = True
            return [Paused(until, self.belongs_until)]
        return []

    def _cut(self) -> list[Decision]:
        """End at the best pause, and hear again what follows it."""
        index = self._best_pause()
        rest = self._chunks[index + 1 :]
        end = self._chunks[index].end
        voice_end = max(chunk.end for chunk in self._chunks[: index + 1] if chunk.voiced)
        self._voiced = self._chunks[index].voiced
        self._heard = self._closed_until = end
        self._forget()
        decisions: list[Decision] = [Ended(end, voice_end)]
        for chunk in rest:
            decisions += self.push(chunk.speech_prob, chunk.samples)
        return decisions

    def _best_pause(self) -> int:
        """Index of the chunk after which to cut: in the last third, with enough voice on both sides; else the last one."""
        earliest = self.needed_from + self._max_utterance * 2 // 3
        last = len(self._chunks) - 1
        best, least = last, 2.0
        before = 0
        for index, chunk in enumerate(self._chunks[:-1]):
            before += chunk.samples * chunk.voiced
            if chunk.end < earliest or before < self._min_speech or self._speech - before < self._min_speech:
                continue
            around = self._chunks[max(0, index - _SMOOTHED_CHUNKS // 2) : index + _SMOOTHED_CHUNKS // 2 + 1]
            smoothed = sum(neighbour.speech_prob for neighbour in around) / len(around)
            if smoothed < least:
                best, least = index, smoothed
        return best


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
