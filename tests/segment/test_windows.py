"""Windows in which a face is seen, where there is no microphone."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.messages import SegmentEvent, SpeechEnded, SpeechStarted
from streamer.segment import FaceWindows
from streamer.settings import SegmentSettings

SETTINGS = SegmentSettings(window_s=3.0)


def watch(visible: list[bool], fps: float = 10.0) -> list[SegmentEvent]:
    windows = FaceWindows(SETTINGS)
    events = [
        event
        for index, face in enumerate(visible)
        for event in windows.push(index / fps, captured_s=100.0 + index / fps, face_visible=face)
    ]
    return events + windows.flush()


def spans(events: list[SegmentEvent]) -> list[tuple[float, float]]:
    starts = [round(event.start_s, 6) for event in events if isinstance(event, SpeechStarted)]
    ends = [round(event.end_s, 6) for event in events if isinstance(event, SpeechEnded)]
    return list(zip(starts, ends, strict=True))


def test_windows_follow_each_other_while_a_face_is_seen() -> None:
    assert spans(watch([True] * 75)) == [(0, 3), (3, 6), (6, 7.4)]


def test_windows_are_as_long_as_set_also_where_no_picture_falls_on_their_edges() -> None:
    assert spans(watch([True] * 57, fps=8.0 / 1.01)) == [(0, 3), (3, 6), (6, 7.07)]


def test_a_window_has_no_sound_and_counts_up() -> None:
    started = [event for event in watch([True] * 75) if isinstance(event, SpeechStarted)]
    assert [event.utterance for event in started] == [1, 2, 3]
    assert all(event.waveform.shape == (0,) for event in started)


def test_a_window_ends_where_the_face_was_last_seen() -> None:
    assert spans(watch([False] * 5 + [True] * 11 + [False] * 20)) == [(0.5, 1.5)]


def test_a_face_that_comes_back_begins_a_window_of_its_own() -> None:
    assert spans(watch([True] * 11 + [False] * 9 + [True] * 11)) == [(0, 1), (2, 3)]


def test_a_face_that_is_missed_for_a_moment_was_there() -> None:
    assert spans(watch([True] * 10 + [False] * 4 + [True] * 10)) == [(0, 2.3)]


@pytest.mark.parametrize("fps", [0.4, 1.0, 1.9])
def test_a_camera_that_takes_less_than_two_pictures_a_second_is_judged_in_windows_too(fps: float) -> None:
    windows = spans(watch([True] * int(60 * fps), fps))
    assert windows[:3] == [(0, 3), (3, 6), (6, 9)]
    assert all(before[1] == after[0] for before, after in pairwise(windows))
    assert windows[-1][1] > 56


def test_a_face_that_a_seldom_picture_does_not_show_is_gone() -> None:
    assert spans(watch([True] * 3 + [False] + [True] * 3, fps=1.0)) == [(0, 2), (4, 6)]


def test_a_gap_much_longer_than_the_step_of_the_pictures_ends_a_window_where_the_face_was_last_seen() -> None:
    windows = FaceWindows(SETTINGS)
    times_s = [*np.arange(0.0, 1.05, 0.1), *np.arange(2.0, 3.05, 0.1)]
    events = [event for time_s in times_s for event in windows.push(float(time_s), 0.0, face_visible=True)]
    assert spans(events + windows.flush()) == [(0, 1), (2, 3)]


def test_a_face_that_flashes_by_is_not_judged() -> None:
    assert watch([True] * 4 + [False] * 20) == []


def test_the_end_carries_the_capture_time_of_the_picture_that_decided_it() -> None:
    (ended,) = [event for event in watch([True] * 31) if isinstance(event, SpeechEnded)]
    assert ended.captured_s == 103.0
    assert ended.speech_end_s == ended.end_s
    (gone,) = [event for event in watch([True] * 11 + [False] * 20) if isinstance(event, SpeechEnded)]
    assert (gone.end_s, gone.captured_s) == (1.0, 101.6)  # more than half a second after the last sight of it


@given(st.lists(st.booleans(), max_size=200), st.sampled_from([0.2, 0.35, 1.0, 3.0, 10.0]))
def test_windows_lie_in_order_never_overlap_and_are_never_longer_than_set(visible: list[bool], fps: float) -> None:
    windows = spans(watch(visible, fps))
    edges = [edge for span in windows for edge in span]
    assert edges == sorted(edges)
    assert all(0 < end - start <= SETTINGS.window_s + 1e-6 for start, end in windows)
