"""Events as a daemon makes them: of a stream whose clock begins at a known moment."""

from datetime import UTC, datetime
from math import floor

from streamer.bench.running import Received
from streamer.settings import SegmentSettings
from streamer.wire import Activity, BundleField, EmotionField, Engines, Partial, SentimentField, State, Utterance

SETTINGS = SegmentSettings()
WALL_S = 1_800_000_000.0
"""What the wall clock shows when the monotonic one shows 0."""
EMOTION = EmotionField(label="joy", probs={}, set=["joy"], uncertain=False)
SENTIMENT = SentimentField(label="positive", probs={}, set=["positive"], uncertain=False)
BUNDLE = BundleField(name="b", version="1", sha256="0")


def wall(monotonic_s: float) -> str:
    """As the publisher writes it: cut to milliseconds."""
    cut_s = floor((WALL_S + monotonic_s) * 1000) / 1000
    return datetime.fromtimestamp(cut_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utterance(zero_s: float, start_s: float, voice_end_s: float, work_ms: float, delivery_ms: float = 0.5) -> Received:
    total_ms = 384.0 + work_ms
    published_s = zero_s + voice_end_s + total_ms / 1000
    said = Utterance(
        session="s",
        seq=0,
        time=wall(published_s),
        source="a",
        id=f"a-{start_s}",
        start_s=start_s,
        end_s=voice_end_s + SETTINGS.pad_s,
        transcript=None,
        speaker=None,
        emotion=EMOTION,
        sentiment=SENTIMENT,
        modalities={},
        latency_ms={"endpoint": 384.0, "asr": 1.0, "text": work_ms - 2.0, "frame_age": 40.0, "total": total_ms},
        bundle=BUNDLE,
    )
    return Received(said, published_s + delivery_ms / 1000, WALL_S)


def partial(zero_s: float, start_s: float, at_s: float, *, provisional: bool = False) -> Received:
    event = Partial(
        session="s",
        seq=0,
        time=wall(zero_s + at_s),
        source="a",
        id=f"a-{start_s}",
        start_s=start_s,
        end_s=at_s,
        transcript=None,
        emotion=EMOTION,
        sentiment=SENTIMENT,
        modalities={},
        provisional=provisional,
    )
    return Received(event, zero_s + at_s, WALL_S)


def state(zero_s: float, stream_s: float, late_s: float, activity: Activity = "idle") -> Received:
    event = State(
        session="s",
        seq=0,
        time=wall(zero_s + stream_s),
        source="a",
        stream_s=stream_s,
        activity=activity,
        speech_prob=0.0,
        level_dbfs=-60.0,
        faces=[],
        speaker_track_id=None,
        inputs={},
        engines=Engines(asr=None, detector=None, providers={}, bundle=BUNDLE),
        reasons={},
        dropped={},
        utterances=0,
        latency_ms={},
        error=None,
    )
    return Received(event, zero_s + stream_s + late_s, WALL_S)
