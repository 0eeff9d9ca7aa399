"""The events that are published: msgspec structs, topics, and their bytes. `docs/protocol.md` is generated from what stands here.

Two ZeroMQ frames, `topic` and `payload`. Topics: `utterance.<source>`, `partial.<source>`, `state.<source>`, `heartbeat`.
All `_s` times are seconds on the source's stream clock; `time` is the wall clock (UTC) at publication and stands nowhere else.
Stages make drafts (`Utterance(**UNSTAMPED, source="cam", …)`); the publisher stamps them.
"""

from typing import Final, Literal, TypedDict

import msgspec

from streamer.errors import WireError
from streamer.labels import Emotion, Modality, Sentiment

SCHEMA: Final = "1"
"""Within one schema, fields and kinds of event may be added, and nothing is removed or changes its type or meaning."""
Encoding = Literal["json", "msgpack"]
Activity = Literal["starting", "idle", "speaking", "pause", "ended", "failed"]
Probability = float


class Envelope(msgspec.Struct, kw_only=True, tag_field="type"):
    """What every payload begins with."""

    schema: Literal["1"] = SCHEMA
    """A reader that does not know it refuses the event."""
    session: str
    """One run of the daemon; a new one means that `seq` starts again."""
    source: str | None
    """The source's name, as in the topic; null for events of the daemon itself."""
    seq: int
    """Counts from 0 within a topic: a gap is a loss."""
    time: str
    """RFC 3339, UTC, milliseconds: `2026-11-21T10:00:00.000Z`."""


class Unstamped(TypedDict):
    """The fields of an `Envelope` that only the publisher knows."""

    session: str
    seq: int
    time: str


UNSTAMPED: Final[Unstamped] = {"session": "", "seq": -1, "time": ""}
"""Stands in a draft for what the publisher will write over it."""


class TranscriptField(msgspec.Struct, kw_only=True):
    """What was said."""

    text: str
    """The words, as the engine spells them."""
    confidence: Probability | None
    """Share of words that are probably right; null where the engine does not say."""
    engine: str
    """Who heard it: `pocketsphinx/en-us`, `faster-whisper/small`, `subtitles/film.srt`."""


class FaceField(msgspec.Struct, kw_only=True):
    """A face in the picture."""

    track_id: int
    """Stable while the face is followed; counts from 1 within a source."""
    bbox_xyxy_px: tuple[int, int, int, int]
    """Left, top, right, bottom in the picture as it was analysed (`source.max_width_px`)."""
    score: float
    """In a `speaker`: how well the mouth agrees with the voice. In a `state`, and without a microphone: the detector's confidence."""


class EmotionField(msgspec.Struct, kw_only=True):
    """One of seven."""

    label: Emotion
    """The most probable one."""
    probs: dict[Emotion, Probability]
    """All seven, calibrated, summing to 1 up to rounding."""
    set: list[Emotion]
    """Holds the true label nine times out of ten (split-conformal), most probable first."""
    uncertain: bool
    """The set is not one label."""


class SentimentField(msgspec.Struct, kw_only=True):
    """One of three; never contradicts the emotion."""

    label: Sentiment
    """The more probable of those that the emotion allows (a surprise may be good or bad): not always the most probable one."""
    probs: dict[Sentiment, Probability]
    """All three, calibrated, summing to 1 up to rounding."""
    set: list[Sentiment]
    """As of an emotion."""
    uncertain: bool
    """The set is not one label."""


class ModalityField(msgspec.Struct, kw_only=True):
    """What one modality had to say."""

    used: bool
    """Whether it had a part in the judgement."""
    weight: float
    """Its share in the fusion, 0 where it was not used; the shares sum to 1 where any was used."""
    reason: str | None
    """Why it was not used; null where it was."""
    emotion: EmotionField | None = None
    """What the emotion would be if there were nothing but this modality; null where it was not used. Where the voice is angry and the
    words are not, it is seen here."""


class BundleField(msgspec.Struct, kw_only=True):
    """Which networks spoke."""

    name: str
    """As its makers call it."""
    version: str
    """Of the networks, not of the daemon."""
    sha256: str
    """Of its manifest, which holds the hashes of all its files."""


class Utterance(Envelope, kw_only=True, tag="utterance"):
    """One utterance, or one window of a silent source with a face."""

    id: str
    """Unique within a session and a source, and the same in the `partial` events before it."""
    start_s: float
    """Seconds on the source's clock, 0 at its first sample or frame; padding included."""
    end_s: float
    """As `start_s`."""
    transcript: TranscriptField | None
    """Null where nothing was recognised (`modalities.text.reason` tells why)."""
    speaker: FaceField | None
    """The face that spoke; null where that cannot be said (`modalities.video.reason` tells why)."""
    emotion: EmotionField
    """The emotion that was expressed, as people who rate such clips would name it."""
    sentiment: SentimentField
    """The sentiment that was expressed."""
    modalities: dict[Modality, ModalityField]
    """All three, used or not."""
    latency_ms: dict[str, float]
    """`endpoint`: from the end of the voice to the decision that the utterance is over, in stream time; then each stage from that
    decision on (`asr`, `text`, `audio`, `video`, `fusion`); `total`: from the end of the voice to publication; `frame_age`: from the
    newest picture that was judged to `end_s`, in stream time."""
    bundle: BundleField
    """Who judged."""


class Partial(Envelope, kw_only=True, tag="partial"):
    """The utterance so far, from voice and face; in a pause, when it is `provisional`, from the words too."""

    id: str
    """The same as that of the utterance to come."""
    start_s: float
    """As that of the utterance to come."""
    end_s: float
    """How far it has been heard."""
    transcript: TranscriptField | None
    """The words so far; null where none were recognised yet."""
    emotion: EmotionField
    """From what has been heard and seen so far, as the next two."""
    sentiment: SentimentField
    """As of an utterance."""
    modalities: dict[Modality, ModalityField]
    """As of an utterance."""
    provisional: bool = False
    """There is a pause, and all that was said in it so far has been read: what the utterance will be if this is its end, about 0.2 s before
    that is certain. Speech may go on."""


class Percentiles(msgspec.Struct, kw_only=True):
    """Of the last hundred utterances of a source."""

    p50: float
    """Median, in milliseconds."""
    p95: float
    """95th percentile, in milliseconds."""


class Engines(msgspec.Struct, kw_only=True):
    """What does the work for a source."""

    asr: str | None
    """Speech recogniser; null where there is none, and `reasons` says why."""
    detector: str | None
    """Of faces; null where there is none."""
    providers: dict[str, str]
    """Execution provider that each session really got, by graph."""
    bundle: BundleField
    """The networks."""


class State(Envelope, kw_only=True, tag="state"):
    """How a source is doing; the last one is replayed to whoever subscribes later."""

    stream_s: float
    """How far the source has been heard or seen."""
    activity: Activity
    """`pause` is a silence that may still belong to the utterance."""
    speech_prob: Probability | None
    """That a voice is heard now; null without a microphone, and while it gives nothing."""
    level_dbfs: float | None
    """RMS level, 0 is a full-scale square wave, silence is -100; null without a microphone, and while it gives nothing."""
    faces: list[FaceField]
    """In view now."""
    speaker_track_id: int | None
    """The face that speaks now; null where none does or that cannot be said."""
    inputs: dict[Literal["audio", "video"], str | None]
    """What is being heard and seen, by name; null where there is none."""
    engines: Engines
    """What does the work."""
    reasons: dict[Modality, str]
    """Why a modality cannot be used at present, where it cannot."""
    dropped: dict[str, int]
    """Items lost since the start. `audio` (pieces of 32 ms) and `video` came faster than they could be analysed; of a live source also
    `microphone`, blocks of sound that were not taken from the driver in time, and `late_pictures`, which came after their moment."""
    utterances: int
    """Since the start."""
    latency_ms: dict[str, Percentiles]
    """By stage, with the names of an utterance's `latency_ms`; the publisher, who alone knows `total`, fills this in."""
    error: str | None
    """What ended or hampers the source."""


class Heartbeat(Envelope, kw_only=True, tag="heartbeat"):
    """Once a second: the daemon lives."""

    version: str
    """Of the daemon."""
    uptime_s: float
    """Since the start, on the daemon's clock."""
    sources: list[str]
    """Their names, as in topics, in the order of the configuration."""
    published: int
    """Events since the start, heartbeats not counted."""
    overflows: int
    """How often a subscriber's queue was found full since the start. From then until it has read on, that subscriber loses events, and
    sees by `seq` how many; the others lose nothing."""
    error: str | None
    """What hampers the daemon itself, such as a recording that a full disk ended; null where nothing does."""


Event = Utterance | Partial | State | Heartbeat
KINDS: Final = ("utterance", "partial", "state", "heartbeat")
"""The values of `type`, with which topics begin."""


def topic(event: Event) -> str:
    """The first frame: `utterance.<source>` and so on; `heartbeat` alone."""
    kind = type(event).__struct_config__.tag
    return str(kind) if event.source is None else f"{kind}.{event.source}"


_JSON_ENCODER: Final = msgspec.json.Encoder()
_MSGPACK_ENCODER: Final = msgspec.msgpack.Encoder()
_JSON_DECODER: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_MSGPACK_DECODER: Final[msgspec.msgpack.Decoder[Event]] = msgspec.msgpack.Decoder(Event)


def encode(event: Event, encoding: Encoding = "json") -> bytes:
    """The second frame."""
    return _JSON_ENCODER.encode(event) if encoding == "json" else _MSGPACK_ENCODER.encode(event)


def decode(payload: bytes) -> Event:
    """The event in a payload of either encoding; JSON begins with a brace, which no msgpack map does. Unknown fields are ignored.

    Raises:
        WireError: it is no event of this schema; the message names the field.
    """
    encoding: Encoding = "json" if payload[:1] == b"{" else "msgpack"
    try:
        return _JSON_DECODER.decode(payload) if encoding == "json" else _MSGPACK_DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        if (schema := _schema(payload, encoding)) not in {None, SCHEMA}:
            raise WireError(
                f"schema {schema} is not this reader's, which is {SCHEMA}; update the older of the two"
            ) from err
        raise WireError(str(err)) from err


class _Schema(msgspec.Struct):
    schema: str


def _schema(payload: bytes, encoding: Encoding) -> str | None:
    """What a payload that could not be read says of itself."""
    try:
        if encoding == "json":
            return msgspec.json.decode(payload, type=_Schema).schema
        return msgspec.msgpack.decode(payload, type=_Schema).schema
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
