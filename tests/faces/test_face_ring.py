"""The time-indexed ring of sightings."""

import threading

from streamer.faces import FaceRing
from streamer.messages import FaceSighting

KEEP_S = 30.0


def _sighting(time_s: float, track_id: int = 1) -> FaceSighting:
    return FaceSighting(time_s, track_id, (0, 0, 50, 50), 0.9, None, 0.0)


def test_what_was_seen_in_a_span_is_found_by_its_time() -> None:
    ring = FaceRing(KEEP_S)
    for time_s in (0.0, 0.1, 0.2, 0.3):
        ring.add(time_s, [_sighting(time_s)])
    assert [s.time_s for s in ring.between(0.1, 0.2)] == [0.1, 0.2]


def test_only_what_was_seen_lately_is_kept() -> None:
    ring = FaceRing(KEEP_S)
    for second in range(100):
        ring.add(float(second), [_sighting(float(second))])
    assert [s.time_s for s in ring.between(0, 100)] == [float(second) for second in range(69, 100)]


def test_the_newest_sighting_of_each_face_in_view_is_told() -> None:
    ring = FaceRing(KEEP_S)
    ring.add(0.0, [_sighting(0.0, 3)])
    ring.add(0.9, [_sighting(0.9, 2), _sighting(0.9, 1)])
    ring.add(1.0, [_sighting(1.0, 1)])
    assert [(s.track_id, s.time_s) for s in ring.visible_at(1.0)] == [(1, 1.0), (2, 0.9)]
    assert [(s.track_id, s.time_s) for s in ring.visible_at(0.95)] == [(1, 0.9), (2, 0.9)]


def test_a_picture_that_comes_after_its_moment_was_given_up_does_not_take_it_back() -> None:
    ring = FaceRing(10.0)
    ring.advance(2.0)
    ring.add(1.9, [])
    assert ring.seen_until_s == 2.0


def test_nobody_waits_for_a_moment_that_was_looked_at_even_without_a_face() -> None:
    ring = FaceRing(KEEP_S)
    ring.add(1.0, [])
    assert ring.wait_until(1.0, 0)


def test_a_reader_is_told_when_the_video_does_not_come_in_time() -> None:
    assert not FaceRing(KEEP_S).wait_until(1.0, 0.01)


def test_a_waiting_reader_goes_on_when_the_moment_has_been_seen() -> None:
    ring = FaceRing(KEEP_S)
    came: list[bool] = []
    reader = threading.Thread(target=lambda: came.append(ring.wait_until(2.0, 10)), daemon=True)
    reader.start()
    ring.advance(1.0)
    ring.advance(2.0)
    reader.join(10)
    assert came == [True]


def test_a_waiting_reader_goes_on_when_the_video_ends() -> None:
    ring = FaceRing(KEEP_S)
    came: list[bool] = []
    reader = threading.Thread(target=lambda: came.append(ring.wait_until(60.0)), daemon=True)
    reader.start()
    ring.close()
    reader.join(10)
    assert came == [True]
