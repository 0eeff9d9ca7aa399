"""What travels between the stages of one source: one frozen type per arrow, grouped by arrow.

All times are seconds on the source's stream clock: 0 at its first sample or frame, monotonic, stamped at capture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box

SAMPLE_RATE_HZ: Final = 16_000
CHUNK_SAMPLES: Final = 512
"""32 ms: what the voice activity detector hears at once."""


# SOURCE -> SEGMENT
@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """The next 32 ms of sound. After a loss, `time_s` is later than the end of the chunk before."""

    time_s: float
    """Of the first sample."""
    waveform: Float32
    """[CHUNK_SAMPLES], mono, 16 kHz, in [-1, 1]; the last one of a stream may be shorter."""
    captured_s: float
    """`time.monotonic()` at capture, for latencies: never part of what is decided."""


@dataclass(frozen=True, slots=True)
class AudioTick:
    """Nothing to hear until `time_s`: the sound of a file has ended or has a gap, and its pictures go on. Comes every 32 ms, as chunks."""

    time_s: float
    captured_s: float
    """As of a chunk that ended then."""


# SOURCE -> FACES
@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One picture, upright (a phone's rotation is already applied)."""

    time_s: float
    rgb: Callable[[], UInt8]
    """Makes it, [height, width, 3]: scaling and conversion are dear, and half of all pictures are never looked at."""
    captured_s: float
    """`time.monotonic()` at capture, for latencies: never part of what is decided."""

    @classmethod
    def of(cls, time_s: float, image_rgb: UInt8, captured_s: float = 0.0) -> Self:
        """One that is made already; when it was captured matters only where latencies are told."""
        return cls(time_s, lambda: image_rgb, captured_s)


@dataclass(frozen=True, slots=True)
class VideoTick:
    """Nothing to see until `time_s`: lets who waits for pictures of a moment go on where a file has none."""

    time_s: float
    captured_s: float
    """Of the sound that has gone further."""


# SEGMENT -> ANALYZE
@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Every chunk, speech or not; comes before the speech messages that the same chunk causes."""

    time_s: float
    """End of the chunk: how far the stream has been heard."""
    speech_prob: float
    level_dbfs: float
    """RMS level of the chunk, 0 is a full-scale square wave; silence is -100."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechStarted:
    """An utterance has begun."""

    utterance: int
    """Counts from 1 within a source."""
    start_s: float
    """Padding included."""
    waveform: Float32
    """[samples] from `start_s` until now."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechContinued:
    """The utterance's next samples, pauses included, without a gap."""

    waveform: Float32
    """[samples]."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A silence that may be the end: work that needs the whole utterance may start now, on trust."""

    time_s: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not the end: what was started at the pause is worthless."""

    time_s: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is over.

    `end_s` may lie before the last sample that was handed out: at the maximum length the cut is made at the best pause, and what
    follows the cut is handed out again with the next `SpeechStarted`.
    """

    end_s: float
    """Padding included."""
    speech_end_s: float
    """When the voice stopped, without padding."""
    captured_s: float
    """`time.monotonic()` at the capture of the chunk that decided it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """In the place of `Heard`: every picture of a source without a microphone, and every tick where a file has no sound."""

    time_s: float
    """How far the stream has been seen."""


@dataclass(frozen=True, slots=True)
class Waited:
    """A live source gives nothing; comes again and again until it gives something. No time: the stream stays where it was."""

    lost: bool
    """For so long that its device counts as lost: what was open has been ended."""


SegmentEvent = Heard | Watched | Waited | SpeechStarted | SpeechContinued | SpeechPaused | SpeechResumed | SpeechEnded


# FACES -> ANALYZE (through the time-indexed ring)
@dataclass(frozen=True, slots=True, eq=False)
class FaceSighting:
    """One face in one frame."""

    time_s: float
    track_id: int
    """Stable while the face is followed; counts from 1 within a source."""
    bbox_xyxy_px: Box
    score: float
    """The detector's confidence, in [0, 1]."""
    crop: UInt8 | None
    """[size_px, size_px, channels], as the bundle's video spec says, and only as often as it says; None in between."""
    mouth_motion: float | None
    """How much the mouth moved since the last frame that was looked at, relative to the rest of the face: 0.00 to 0.01 is not at all,
    speech 0.03 to 0.2 on average. None where the face was not followed from that frame."""


# ASR -> ANALYZE
class Transcript(NamedTuple):
    """What a recogniser made of one utterance."""

    text: str
    confidence: float | None
    """In [0, 1], calibrated roughly to the share of right words; None where the engine has none."""
    engine: str
    """As on the wire: `pocketsphinx/en-us`, `faster-whisper/small`, `subtitles/film.srt`."""
    rejected: str | None = None
    """Why the words are not to be believed (a gate), for people to read; None where they are."""
