"""One time line out of a clock that starts again."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.sources.timeline import Timeline

SOUND, PICTURE = 0, 1


@dataclass
class Stamps:
    """A packet's stamps in milliseconds."""

    stream_index: int
    dts: int | None
    pts: int | None = None
    duration: int | None = 40
    time_base: Fraction = Fraction(1, 1000)


def place(timeline: Timeline, stream: int, *dts_ms: int) -> list[float | None]:
    return [timeline.place(Stamps(stream, dts)) for dts in dts_ms]


@settings(deadline=None)
@given(st.lists(st.integers(0, 900), min_size=1, max_size=50), st.integers(-(10**6), 10**6))
def test_a_clock_that_goes_on_is_left_as_it_is(steps_ms: list[int], start_ms: int) -> None:
    timeline, now_ms = Timeline(leaps=True), start_ms
    for step_ms in steps_ms:
        now_ms += step_ms
        packet = Stamps(SOUND, now_ms, now_ms + 80)
        assert timeline.place(packet) == now_ms / 1000
        assert (packet.dts, packet.pts) == (now_ms, now_ms + 80)


def test_a_clock_that_starts_again_goes_on_behind_the_longest_stream_for_all_of_them() -> None:
    timeline = Timeline(leaps=True)
    place(timeline, SOUND, 0, 4960)
    place(timeline, PICTURE, 0, 4000)
    assert place(timeline, SOUND, 0, 40) == pytest.approx([5.0, 5.04])
    assert place(timeline, PICTURE, 4040) == pytest.approx([4.04])  # the last of its old epoch
    assert place(timeline, PICTURE, 20, 60) == pytest.approx([5.02, 5.06])


def test_what_is_shown_later_than_it_is_decoded_counts_until_it_was_shown() -> None:
    timeline = Timeline(leaps=False)
    for dts_ms, pts_ms in (
        (-2000, 0),
        (-1000, 3000),
        (0, 1000),
        (1000, 2000),
    ):  # one picture a second, not stored in order
        timeline.place(Stamps(PICTURE, dts_ms, pts_ms, duration=1000))
    assert timeline.shown_until_s == pytest.approx(4.0)


def test_the_stamps_of_the_packet_move_with_it() -> None:
    timeline = Timeline(leaps=True)
    place(timeline, PICTURE, 0, 9960)
    packet = Stamps(PICTURE, dts=-80, pts=0)
    timeline.place(packet)
    assert (packet.dts, packet.pts) == (10_000, 10_080)


def test_a_leap_is_closed_where_clocks_leap_and_kept_as_a_pause_where_they_do_not() -> None:
    for leaps, expected_s in ((True, 0.04), (False, 100.0)):
        timeline = Timeline(leaps)
        place(timeline, SOUND, 0)
        assert place(timeline, SOUND, 100_000) == pytest.approx([expected_s])
        assert place(timeline, PICTURE, 100_000) == pytest.approx([expected_s])


def test_a_new_epoch_of_a_live_stream_begins_now() -> None:
    timeline = Timeline(leaps=True)
    place(timeline, SOUND, 0, 2000)
    assert timeline.place(Stamps(SOUND, 0), not_before_s=3.5) == pytest.approx(3.5)


def test_the_order_of_showing_is_no_new_epoch() -> None:
    timeline = Timeline(leaps=True)
    times_s = [timeline.place(Stamps(PICTURE, None, pts)) for pts in (0, 4000, 120, 160, 8000)]
    assert times_s == pytest.approx([0, 4, 0.12, 0.16, 8])


def test_a_packet_without_stamps_has_no_place() -> None:
    assert Timeline(leaps=True).place(Stamps(SOUND, None)) is None


def test_the_length_is_from_the_first_packet_to_the_end_of_the_last() -> None:
    timeline = Timeline(leaps=False)
    assert timeline.length_s == 0.0
    place(timeline, PICTURE, 1400, 5360)
    place(timeline, SOUND, 1300)
    assert timeline.length_s == pytest.approx(4.1)
