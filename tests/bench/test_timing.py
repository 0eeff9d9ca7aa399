"""The figures, from events that are made as a daemon makes them: a stream whose clock begins at a known moment."""

from datetime import UTC, datetime
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.bench.report import spread
from streamer.bench.running import Received
from streamer.bench.timing import (
    endings,
    first_partials_ms,
    foretold,
    partial_gaps_ms,
    stream_zero_s,
    worst_lag_s,
)
from streamer.bench.truth import Turn
from streamer.settings import SegmentSettings
from streamer.wire import BundleField, EmotionField, Engines, Partial, SentimentField, State, Utterance

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


def state(zero_s: float, stream_s: float, late_s: float) -> Received:
    event = State(
        session="s",
        seq=0,
        time=wall(zero_s + stream_s),
        source="a",
        stream_s=stream_s,
        activity="idle",
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


@given(
    zero_s=st.floats(0, 1e5),
    ends_s=st.lists(st.floats(2, 1000), min_size=1, max_size=30),
    work_ms=st.floats(3, 400),
)
def test_where_the_stream_clock_begins_is_found_to_half_a_millisecond(
    zero_s: float, ends_s: list[float], work_ms: float
) -> None:
    received = [utterance(zero_s, end_s - 1, end_s, work_ms) for end_s in ends_s]
    assert stream_zero_s(received, SETTINGS) == pytest.approx(zero_s, abs=0.00052)


def test_what_a_pause_foretold_counts_from_the_true_end_and_pauses_before_it_do_not() -> None:
    received = [
        partial(10.0, 0.8, 1.5, provisional=True),
        partial(10.0, 0.8, 2.2),
        partial(10.0, 0.8, 2.3, provisional=True),
        partial(10.0, 0.8, 2.4, provisional=True),
        utterance(10.0, 0.8, 2.06, work_ms=12.0),
    ]
    (told,) = foretold(received, [Turn(1.0, 2.0)], SETTINGS)
    assert told.speech_end_to_received_ms == pytest.approx(300, abs=0.6)
    assert told.kept
    assert foretold(received[:2] + received[-1:], [Turn(1.0, 2.0)], SETTINGS) == []


def test_an_ending_is_told_from_the_true_end_and_from_the_decision_and_its_stages_add_up() -> None:
    received = [utterance(10.0, 0.8, 2.06, work_ms=12.0), utterance(10.0, 3.1, 5.03, work_ms=12.0)]
    first, _ = endings(received, [Turn(1.0, 2.0), Turn(3.3, 5.0)], SETTINGS)
    assert first.speech_end_to_received == pytest.approx(60 + 384 + 12 + 0.5, abs=0.6)
    assert first.endpoint_to_received == pytest.approx(12.5, abs=0.6)
    assert sum(first.stages.values()) == pytest.approx(first.speech_end_to_received, abs=0.01)
    assert first.stages["queues"] == pytest.approx(1.0)
    assert first.frame_age == 40.0


def test_a_turn_that_no_utterance_ends_with_is_not_counted() -> None:
    received = [utterance(10.0, 0.8, 2.06, work_ms=12.0)]
    assert len(endings(received, [Turn(1.0, 2.0), Turn(4.0, 6.0)], SETTINGS)) == 1
    assert endings([], [Turn(1.0, 2.0)], SETTINGS) == []


def test_partials_are_told_from_the_true_begin_and_from_each_other() -> None:
    received = [
        partial(10.0, 0.8, 1.4),
        partial(10.0, 0.8, 1.8),
        utterance(10.0, 0.8, 2.06, work_ms=12.0),
        partial(10.0, 3.1, 3.75),
    ]
    assert first_partials_ms(received, [Turn(1.0, 2.0), Turn(3.3, 5.0)], SETTINGS) == pytest.approx([400, 450], abs=0.6)
    assert partial_gaps_ms(received) == pytest.approx([400])


def test_the_lag_is_the_worst_of_all_states() -> None:
    received = [state(10.0, 1.0, 0.02), state(10.0, 2.0, 0.7), utterance(10.0, 0.8, 2.06, work_ms=12.0)]
    assert worst_lag_s(received, SETTINGS) == pytest.approx(0.7, abs=0.001)


def test_percentiles_are_by_the_nearest_rank() -> None:
    found = spread([float(n) for n in range(1, 101)])
    assert (found.p50, found.p95, found.p99, found.n) == (50, 95, 99, 100)
    assert spread([3.0]).p99 == 3.0
