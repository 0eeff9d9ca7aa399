"""Faces keep their ids while they move, hide, cross and leave."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from streamer.faces import Detection, FaceDetector
from streamer.faces.detection import square_box
from streamer.faces.overlap import iou
from streamer.faces.tracks import Track, Tracker
from streamer.features.arrays import UInt8
from tests.faces.scenes import head, other_head, place, room

STEP_S = 0.08
SMALL = room(320, 180)

Scene = Callable[[float], UInt8]


def _watch(
    scene: Scene, seconds: float, detector: FaceDetector, *, detect_every: int = 3, max_faces: int = 4
) -> list[list[tuple[int, float]]]:
    """For each picture the ids and x positions of the faces seen."""
    tracker = Tracker(max_faces)
    seen = []
    for step in range(round(seconds / STEP_S)):
        picture = scene(step * STEP_S)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        tracker.follow(step * STEP_S, grey)
        if step % detect_every == 0:
            tracker.update(step * STEP_S, grey, detector.detect(picture))
        seen.append([(track.track_id, track.x_px) for track in _visible(tracker.tracks)])
    return seen


def _visible(tracks: Sequence[Track]) -> list[Track]:
    return [track for track in tracks if track.seen and track.confirmed]


def test_a_moving_and_growing_face_is_followed_closely_between_detections(haar: FaceDetector) -> None:
    tracker = Tracker(max_faces=1)
    overlaps = []
    for step in range(30):
        x, side = 90 + 4 * step, 50 + step
        picture = place(SMALL, head(), x, 90, side)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        tracker.follow(step * STEP_S, grey)
        if step % 12 == 0:
            tracker.update(step * STEP_S, grey, haar.detect(picture))
        (track,) = tracker.tracks
        assert track.track_id == 1
        overlaps.append(iou(track.box, square_box(x, 90, side)))
    assert min(overlaps) > 0.7


def test_a_face_hidden_for_less_than_a_second_keeps_its_id(haar: FaceDetector) -> None:
    def scene(time_s: float) -> UInt8:
        return SMALL if 1.0 <= time_s < 1.7 else place(SMALL, head(), 100 + 20 * time_s, 90, 60)

    seen = _watch(scene, 3.0, haar)
    assert {track_id for faces in seen for track_id, _ in faces} == {1}
    assert seen[-1]


def test_a_face_that_is_gone_is_not_reported_and_comes_back_as_a_new_one(haar: FaceDetector) -> None:
    def scene(time_s: float) -> UInt8:
        return SMALL if 1.0 <= time_s < 3.5 else place(SMALL, head(), 160, 90, 60)

    seen = _watch(scene, 5.0, haar)
    at = {round(step * STEP_S, 2): faces for step, faces in enumerate(seen)}
    assert not any(faces for time_s, faces in at.items() if 1.0 <= time_s < 3.5)
    assert [track_id for track_id, _ in seen[-1]] == [2]


def test_a_face_that_walks_out_of_the_picture_is_forgotten(haar: FaceDetector) -> None:
    seen = _watch(lambda time_s: place(SMALL, head(), 220 + 60 * time_s, 90, 60), 4.0, haar)
    assert seen[3]
    assert not seen[-1]


def test_two_faces_that_cross_slowly_keep_their_ids(haar: FaceDetector) -> None:
    def scene(time_s: float) -> UInt8:
        behind = place(SMALL, other_head(), 250 - 45 * time_s, 90, 60)
        return place(behind, head(), 70 + 45 * time_s, 96, 60)

    seen = _watch(scene, 4.2, haar)
    start, end = dict(seen[9]), dict(seen[-1])
    assert sorted(start) == sorted(end) == [1, 2]
    assert all((x < 160) == (end[track_id] > 160) for track_id, x in start.items())


def test_two_faces_that_shifted_while_the_camera_was_covered_are_told_apart_by_their_looks(haar: FaceDetector) -> None:
    def scene(time_s: float) -> UInt8:
        if 0.6 <= time_s < 1.1:
            return np.zeros_like(SMALL)
        shift = 0 if time_s < 1 else 36  # each now stands nearer to where the other was
        return place(place(SMALL, head(), 90 + shift, 90, 56), other_head(), 150 + shift, 90, 56)

    seen = _watch(scene, 2.0, haar)
    before, after = (sorted(faces, key=lambda face: face[1]) for faces in (seen[5], seen[-1]))
    assert [track_id for track_id, _ in before] == [track_id for track_id, _ in after]


def test_a_film_that_cuts_to_somebody_else_in_the_same_place_and_back_shows_two_faces(haar: FaceDetector) -> None:
    elsewhere = np.asarray(255 - SMALL[:, ::-1] // 2, np.uint8)

    def scene(time_s: float) -> UInt8:
        return place(elsewhere, other_head(), 166, 90, 58) if 1 <= time_s < 1.7 else place(SMALL, head(), 160, 90, 60)

    seen = _watch(scene, 3.0, haar)
    ids = [[track_id for track_id, _ in faces] for faces in seen]
    assert ids[5] == ids[-1] == [1]
    assert [2] in ids
    assert not any({1, 2} <= set(at_once) for at_once in ids)


def test_four_faces_are_four_tracks(haar: FaceDetector) -> None:
    picture = SMALL
    for number, x in enumerate((40, 120, 200, 280)):
        picture = place(picture, head() if number % 2 else other_head(), x, 60 + 20 * number, 42)
    seen = _watch(lambda _: picture, 1.0, haar)
    assert [track_id for track_id, _ in seen[-1]] == [1, 2, 3, 4]


def test_no_more_faces_are_followed_than_asked_for(haar: FaceDetector) -> None:
    picture = place(place(SMALL, head(), 80, 90, 50), other_head(), 220, 90, 50)
    assert all(len(faces) <= 1 for faces in _watch(lambda _: picture, 1.0, haar, max_faces=1))


def test_two_detections_that_cover_each_other_are_one_face() -> None:
    tracker, grey = Tracker(max_faces=4), np.zeros((240, 320), np.uint8)
    tracker.follow(0.0, grey)
    tracker.update(0.0, grey, [Detection((20, 20, 60, 60), 0.9), Detection((38, 20, 78, 60), 0.9)])
    assert len(tracker.tracks) == 1


def test_a_detection_more_than_twice_as_large_is_another_face() -> None:
    tracker, grey = Tracker(max_faces=4), np.zeros((240, 320), np.uint8)
    tracker.follow(0.0, grey)
    tracker.update(0.0, grey, [Detection((100, 100, 140, 140), 0.9)])
    tracker.update(0.0, grey, [Detection((75, 75, 165, 165), 0.9)])
    assert [track.side_px for track in tracker.tracks] == [40, 90]


def test_where_there_is_room_for_one_the_largest_face_is_followed_and_not_the_surest() -> None:
    tracker, grey = Tracker(max_faces=1), np.zeros((240, 320), np.uint8)
    tracker.follow(0.0, grey)
    tracker.update(0.0, grey, [Detection((10, 10, 50, 50), 0.99), Detection((100, 50, 220, 170), 0.95)])
    assert [track.box for track in tracker.tracks] == [(100, 50, 220, 170)]


def test_a_large_suspicion_does_not_take_the_place_of_a_sure_face() -> None:
    tracker, grey = Tracker(max_faces=1), np.zeros((240, 320), np.uint8)
    tracker.follow(0.0, grey)
    tracker.update(0.0, grey, [Detection((10, 10, 50, 50), 0.99), Detection((100, 50, 220, 170), 0.3)])
    assert [track.box for track in tracker.tracks] == [(10, 10, 50, 50)]


def test_a_face_that_is_followed_keeps_its_place_when_a_larger_one_comes(haar: FaceDetector) -> None:
    def scene(time_s: float) -> UInt8:
        small = place(SMALL, head(), 60, 90, 40)
        return small if time_s < 0.5 else place(small, other_head(), 220, 90, 80)

    seen = _watch(scene, 2.0, haar, max_faces=1)
    assert [round(x_px, -1) for _, x_px in seen[-1]] == [60]


def _update(tracker: Tracker, time_s: float, score: float) -> list[Track]:
    grey = np.full((90, 90), 100, np.uint8)
    tracker.follow(time_s, grey)
    tracker.update(time_s, grey, [Detection((20, 20, 60, 60), score)])
    return [track for track in tracker.tracks if track.confirmed]


def test_a_sure_detection_is_a_face_at_once() -> None:
    assert _update(Tracker(1), 0.0, 0.9)


def test_a_face_that_was_surely_seen_stays_one_when_it_is_found_faintly() -> None:
    tracker = Tracker(1)
    assert _update(tracker, 0.0, 0.9)
    assert _update(tracker, 0.2, 0.3)


def test_a_weak_detection_waits_for_a_second_one() -> None:
    tracker = Tracker(1)
    assert not _update(tracker, 0.0, 0.6)
    assert _update(tracker, 0.2, 0.55)


def test_faint_detections_alone_make_no_face() -> None:
    tracker = Tracker(1)
    assert not any(_update(tracker, 0.2 * i, 0.3) for i in range(8))


def _last_kept_s(grey: UInt8, boxes: Sequence[tuple[int, int, int, int]]) -> float:
    """Until when faces are waited for that were detected once, at 0 s, in a picture that never changes."""
    tracker = Tracker(4)
    tracker.follow(0.0, grey)
    tracker.update(0.0, grey, [Detection(box, 0.9) for box in boxes])
    kept = []
    for step in range(1, 50):
        tracker.follow(step * STEP_S, grey)
        kept.append(len(tracker.tracks))
    assert set(kept) == {len(boxes), 0}
    return kept.count(len(boxes)) * STEP_S


def test_a_face_that_nothing_finds_again_is_waited_for_a_second_and_behind_another_for_three() -> None:
    blank = np.full((180, 320), 100, np.uint8)  # the flow has nothing to hold on to
    assert _last_kept_s(blank, [(20, 20, 60, 60)]) == pytest.approx(1.0, abs=STEP_S)
    assert _last_kept_s(blank, [(20, 20, 60, 60), (50, 20, 90, 60)]) == pytest.approx(3.0, abs=STEP_S)


def test_what_only_the_flow_follows_is_no_face_after_two_seconds() -> None:
    texture = np.asarray(cv2.cvtColor(place(SMALL, head(), 160, 90, 60), cv2.COLOR_RGB2GRAY), np.uint8)
    assert _last_kept_s(texture, [(130, 60, 190, 120)]) == pytest.approx(2.0, abs=STEP_S)


@pytest.mark.parametrize(("lost", "shift_px", "moved_px"), [(False, 5, 2.0), (False, 14, 14.0), (True, 5, 5.0)])
def test_a_detection_is_believed_wholly_where_the_flow_was_lost_or_is_far_off_and_else_not_half(
    lost: bool, shift_px: int, moved_px: float
) -> None:
    tracker, blank = Tracker(1), np.full((180, 320), 100, np.uint8)
    tracker.follow(0.0, blank)
    tracker.update(0.0, blank, [Detection((20, 20, 60, 60), 0.9)])
    if lost:
        tracker.follow(STEP_S, blank)
    tracker.update(STEP_S, blank, [Detection((20 + shift_px, 20, 60 + shift_px, 60), 0.9)])
    (track,) = tracker.tracks
    assert track.x_px == pytest.approx(40 + moved_px)


def test_a_face_that_walks_behind_something_is_expected_to_walk_on(haar: FaceDetector) -> None:
    tracker = Tracker(1)
    for step in range(20):
        picture = place(SMALL, head(), 60 + 60 * step * STEP_S, 90, 60) if step < 13 else np.zeros_like(SMALL)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        tracker.follow(step * STEP_S, grey)
        if step in {0, 6, 12}:
            tracker.update(step * STEP_S, grey, haar.detect(picture))
    (track,) = tracker.tracks
    assert not track.seen
    assert track.x_px == pytest.approx(60 + 60 * 19 * STEP_S, abs=10)


def test_a_turn_that_no_detection_tells_fades_away() -> None:
    tracker, grey = Tracker(max_faces=1), np.zeros((240, 320), np.uint8)
    tracker.update(0.0, grey, [Detection((20, 20, 60, 60), 0.9, roll_deg=20.0)])
    for _ in range(20):
        tracker.update(0.0, grey, [Detection((20, 20, 60, 60), 0.9)])
    assert 0 < tracker.tracks[0].roll_deg < 3
