"""The figures, from events that are made as a daemon makes them."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.bench.report import spread
from streamer.bench.timing import (
    Window,
    endings,
    first_partials_ms,
    foretold,
    partial_gaps_ms,
    stream_zero_s,
    worst_lag_s,
)
from streamer.bench.truth import Turn
from tests.bench.events import SETTINGS, partial, state, utterance


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
    assert worst_lag_s(received, SETTINGS, Window(11.5, 12.75)) == pytest.approx(0.7, abs=0.001)


def test_without_an_utterance_the_lag_is_what_came_after_the_state_that_was_least_behind() -> None:
    received = [state(10.0, 1.0, 0.02), state(10.0, 2.0, 0.7)]
    assert worst_lag_s(received, SETTINGS, Window(11.5, 12.75)) == pytest.approx(0.68, abs=0.001)


def test_a_source_that_falls_silent_is_behind_by_all_that_it_no_longer_tells_of_unless_it_is_at_its_end() -> None:
    received = [state(10.0, 1.0, 0.02), state(10.0, 2.0, 0.02), utterance(10.0, 0.8, 2.06, work_ms=12.0)]
    assert worst_lag_s(received, SETTINGS, Window(11.5, 17.0)) == pytest.approx(5 - 0.25, abs=0.001)
    received.append(state(10.0, 2.1, 0.02, "ended"))
    assert worst_lag_s(received, SETTINGS, Window(11.5, 17.0)) == pytest.approx(0.02, abs=0.001)


@pytest.mark.parametrize("begin_s", [11.0, 12.5])
def test_a_source_that_does_not_run_from_before_the_window_into_it_is_behind_without_end(begin_s: float) -> None:
    received = [state(10.0, 1.0, 0.02), state(10.0, 2.0, 0.02)]
    assert worst_lag_s(received, SETTINGS, Window(begin_s, 13.0)) == inf
    assert worst_lag_s([], SETTINGS, Window(begin_s, 13.0)) == inf


def test_percentiles_are_by_the_nearest_rank() -> None:
    found = spread([float(n) for n in range(1, 101)])
    assert (found.p50, found.p95, found.p99, found.n) == (50, 95, 99, 100)
    assert spread([3.0]).p99 == 3.0
