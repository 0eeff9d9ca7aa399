"""Which pictures are taken, and what stays of them."""

import gc
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.sources.pictures import FrameRateLimit, upright_rgb


def taken(times_s: list[float], max_fps: float) -> list[float]:
    limit = FrameRateLimit(max_fps)
    return [time_s for time_s in times_s if limit.takes(time_s)]


@pytest.mark.parametrize(("fps", "expected"), [(10, 100), (25, 250), (30, 250), (50, 250), (60, 250), (1000, 250)])
def test_a_faster_stream_is_thinned_to_the_limit_and_a_slower_one_left_alone(fps: int, expected: int) -> None:
    assert len(taken([i / fps for i in range(10 * fps)], 25)) == pytest.approx(expected, abs=1)


def test_stamps_rounded_to_milliseconds_lose_no_picture() -> None:
    times_s = [round(i / 25, 3) + (-1) ** i * 0.004 for i in range(1, 250)]
    assert taken(times_s, 25) == times_s


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), max_size=200), st.floats(1, 60))
def test_pictures_that_are_taken_keep_their_order_and_their_rate(times_s: list[float], max_fps: float) -> None:
    kept = taken(times_s, max_fps)
    assert all(later > earlier for earlier, later in pairwise(kept))
    if kept:
        assert len(kept) <= (max(kept) - kept[0]) * max_fps + 2.5


def test_after_a_pause_the_next_picture_is_taken_at_once() -> None:
    assert taken([0.0, 0.04, 7.013, 7.02], 25) == [0.0, 0.04, 7.013]


def test_a_picture_that_was_converted_is_let_go_at_once() -> None:
    frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
    upright_rgb(frame, 64)
    gc.collect()
    gc.disable()  # who waits for it holds hundreds of pictures
    try:
        upright_rgb(frame, 64)
        del frame
        assert gc.collect() == 0
    finally:
        gc.enable()
