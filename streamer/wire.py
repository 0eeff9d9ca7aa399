"""The events that are published: msgspec structs, topics, and their bytes. `docs/protocol.md` is generated from what stands here.

Two ZeroMQ frames, `topic` and `payload`. Topics: `utterance.<source>`, `partial.<source>`, `state.<source>`, `heartbeat`.
All `_s` times are seconds on the source's stream clock; `time` is the wall clock (UTC) at publication and stands nowhere else.
"""

from typing import Final, Literal

import msgspec

from streamer.labels import Emotion, Modality, Sentiment

SCHEMA: Final = "1"
Encoding = Literal["json", "msgpack"]
Activity = Literal["starting", "idle", "speaking", "pause", "ended", "failed"]
Probability = float


class Envelope(msgspec.Struct, kw_only=True, tag_field="type"):
    """What every payload begins with."""

    schema: str = SCHEMA
    session: str
    """One run of the daemon; a new one means that `seq` starts again."""
    source: str | None
    """None for events of the daemon itself."""
    seq: int
    """Counts from 0 within a topic: a gap is a loss."""
    time: str
    """RFC 3339, UTC, milliseconds."""


class TranscriptField(msgspec.Struct, kw_only=True):
    """What was said."""

    text: str
    confidence: Probability | None
    """Share of words that are probably right; null where the engine does not say."""
    engine: str
    """`pocketsphinx/en-us`, `faster-whisper/small`, `subtitles/film.srt`."""


class FaceField(msgspec.Struct, kw_only=True):
    """A face in the picture."""

    track_id: int
    bbox_xyxy_px: tuple[int, int, int, int]
    score: float
    """In a `speaker`: how well the mouth agrees with the voice. In a `state`: the detector's confidence."""


class EmotionField(msgspec.Struct, kw_only=True):
    """One of seven."""

    label: Emotion
    probs: dict[Emotion, Probability]
    set: list[Emotion]
    """Holds the true label nine times out of ten (split-conformal), most probable first."""
    uncertain: bool
    """The set is not one label."""


class SentimentField(msgspec.Struct, kw_only=True):
    """One of three; never contradicts the emotion."""

    label: Sentiment
    probs: dict[Sentiment, Probability]
    set: list[Sentiment]
    uncertain: bool


class ModalityField(msgspec.Struct, kw_only=True):
    """What one modality had to say."""

    used: bool
    weight: float
    """Its share in the fusion; those of all modalities sum to 1."""
    reason: str | None
    """Why it was not used; null where it was."""


class BundleField(msgspec.Struct, kw_only=True):
    """Which networks spoke."""

    name: str
    version: str
    sha256: str


class Utterance(Envelope, kw_only=True, tag="utterance"):
    """One utterance, or one window of a silent source with a face."""

    id: str
    start_s: float
    end_s: float
    transcript: TranscriptField | None
    speaker: FaceField | None
    """The face that spoke; null where that cannot be said (`modalities.video.reason` tells why)."""
    emotion: EmotionField
    sentiment: SentimentField
    modalities: dict[Modality, ModalityField]
    latency_ms: dict[str, float]
    """`endpoint`: from the end of the voice to the decision that the utterance is over, in stream time; then each stage from that
    decision on (`asr`, `text`, `audio`, `video`, `fusion`); `total`: from the end of the voice to publication."""
    bundle: BundleField


class Partial(Envelope, kw_only=True, tag="partial"):
    """The utterance so far, from voice and face; the words may still change."""

    id: str
    """The same as that of the utterance to come."""
    start_s: float
    end_s: float
    """How far it has been heard."""
    transcript: TranscriptField | None
    emotion: EmotionField
    sentiment: SentimentField
    modalities: dict[Modality, ModalityField]


class Percentiles(msgspec.Struct, kw_only=True):
    """Of the last hundred utterances."""

    p50: float
    p95: float


class Engines(msgspec.Struct, kw_only=True):
    """What does the work for a source."""

    asr: str | None
    """None: no speech recognition; `reasons` says why."""
    detector: str | None
    providers: dict[str, str]
    """Execution provider that each session really got, by graph."""
    bundle: BundleField


class State(Envelope, kw_only=True, tag="state"):
    """How a source is doing; the last one is replayed to whoever subscribes later."""

    stream_s: float
    activity: Activity
    speech_prob: Probability | None
    """Null without a microphone."""
    level_dbfs: float | None
    faces: list[FaceField]
    speaker_track_id: int | None
    inputs: dict[Literal["audio", "video"], str | None]
    """What is being heard and seen, by name; null where there is none."""
    engines: Engines
    reasons: dict[Modality, str]
    """Why a modality cannot be used at present, where it cannot."""
    dropped: dict[str, int]
    """Items lost since the start, by channel."""
    utterances: int
    latency_ms: dict[str, Percentiles]
    error: str | None
    """What ended or hampers the source."""


class Heartbeat(Envelope, kw_only=True, tag="heartbeat"):
    """Once a second: the daemon lives."""

    version: str
    uptime_s: float
    sources: list[str]
    published: int
    dropped: int
    """Events that no subscriber could be given, because its queue was full."""


Event = Utterance | Partial | State | Heartbeat


def topic(event: Event) -> str:
    """The first frame: `utterance.<source>` and so on; `heartbeat` alone."""
    kind = type(event).__struct_config__.tag
    return str(kind) if event.source is None else f"{kind}.{event.source}"


_ENCODERS: Final = {"json": msgspec.json.Encoder(), "msgpack": msgspec.msgpack.Encoder()}
_DECODERS: Final = {"json": msgspec.json.Decoder(Event), "msgpack": msgspec.msgpack.Decoder(Event)}


def encode(event: Event, encoding: Encoding = "json") -> bytes:
    """The second frame."""
    return _ENCODERS[encoding].encode(event)


def decode(payload: bytes) -> Event:
    """The event in a payload of either encoding; JSON begins with a brace, which no msgpack map does.

    Raises:
        msgspec.ValidationError: it is no event of this schema; the message names the field.
    """
    event: Event = _DECODERS["json" if payload[:1] == b"{" else "msgpack"].decode(payload)
    return event
