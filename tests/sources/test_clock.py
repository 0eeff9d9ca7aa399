"""Clocks: shared by devices, told from jittering stamps, carried over reconnections."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.sources.clock import CaptureClock, ConnectionClock, SampleClock

BLOCK = 512
RATE_HZ = 16_000


@settings(deadline=None)
@given(st.lists(st.floats(-0.1, 0.1), min_size=60, max_size=60), st.integers(3, 9))
def test_stamps_that_leap_now_and_then_do_not_move_the_sound(leaps_s: list[float], every: int) -> None:
    clock = SampleClock(RATE_HZ)
    for index, leap_s in enumerate(leaps_s):
        true_s = 100.0 + index * BLOCK / RATE_HZ
        told_s = clock.captured_s(BLOCK, true_s + (leap_s if index % every == 0 else 0.0), after_loss=False)
        if clock.settled:
            assert told_s == pytest.approx(true_s, abs=1e-6)


def test_sound_that_the_driver_says_is_lost_makes_a_gap_at_once_and_one_that_it_hides_after_a_quarter() -> None:
    for says_so, later in ((True, 0), (False, 8)):
        clock = SampleClock(RATE_HZ)
        for index in range(64):
            clock.captured_s(BLOCK, index * 0.032, after_loss=False)
        told_s = [
            clock.captured_s(BLOCK, 0.5 + index * 0.032, after_loss=says_so and index == 64) for index in range(64, 128)
        ]
        assert told_s[later] == pytest.approx(0.5 + (64 + later) * 0.032)


def test_a_device_is_believed_after_a_second() -> None:
    clock = SampleClock(RATE_HZ)
    settled = []
    for index in range(40):
        clock.captured_s(BLOCK, index * 0.032, after_loss=False)
        settled.append(clock.settled)
    assert settled.index(True) == 31


def test_devices_share_a_clock_that_begins_with_the_first_capture() -> None:
    clock = CaptureClock()
    assert [clock.stream_time_s(t) for t in (100.0, 99.98, 103.5)] == pytest.approx([0.0, -0.02, 3.5])


def test_after_a_reconnection_the_stream_goes_on_now_whatever_its_own_clock_says() -> None:
    clock = ConnectionClock()
    assert clock.own_time_s(99.0) is None
    assert clock.stream_time_s(5000.0, now_s=100.0) == 0.0
    assert clock.stream_time_s(5002.0, now_s=102.0) == pytest.approx(2.0)
    clock.reconnected()
    assert clock.stream_time_s(0.0, now_s=110.0) == pytest.approx(10.0)
    assert clock.stream_time_s(1.0, now_s=111.0) == pytest.approx(11.0)
    assert clock.own_time_s(111.0) == pytest.approx(1.0)


def test_a_burst_at_the_beginning_does_not_make_time_go_back_at_a_reconnection() -> None:
    clock = ConnectionClock()
    clock.stream_time_s(0.0, now_s=100.0)
    burst_s = clock.stream_time_s(2.0, now_s=100.1)  # what the sender had in store
    clock.reconnected()
    assert clock.stream_time_s(0.0, now_s=101.0) >= burst_s
