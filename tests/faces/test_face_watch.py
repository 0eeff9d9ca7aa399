"""The stage: pictures in, sightings in the ring."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.faces import FaceDetector, FaceWatch
from streamer.faces.overlap import iou
from streamer.faces.speaking import MOVING, STILL
from streamer.features.arrays import UInt8
from streamer.features.face_crops import FaceCropSpec
from streamer.messages import FaceSighting, VideoFrame, VideoTick
from streamer.settings import FaceSettings
from tests.faces.scenes import FACE_BOX, head, open_mouth, other_head, place, portrait, room

SPEC = FaceCropSpec(rate_hz=8.0)


def _watch(
    detector: FaceDetector, pictures: Iterable[UInt8], rate_hz: float = 25.0, spec: FaceCropSpec = SPEC
) -> list[FaceSighting]:
    watch = FaceWatch(detector, spec, FaceSettings())
    for number, picture in enumerate(pictures):
        watch.step(VideoFrame.of(number / rate_hz, picture))
    return watch.ring.between(0, 1000)


def _clip(path: Path, seconds: float) -> list[UInt8]:
    with av.open(str(path)) as container:
        frames = (frame for frame in container.decode(video=0) if frame.time is not None)
        return [
            np.asarray(frame.reformat(width=640, height=360, format="rgb24").to_ndarray(), np.uint8)
            for frame in frames
            if frame.time < seconds
        ]


def test_a_portrait_is_seen_in_every_picture_that_is_looked_at(haar: FaceDetector) -> None:
    sightings = _watch(haar, [portrait()] * 50)
    assert len(sightings) == 25
    assert {s.track_id for s in sightings} == {1}
    assert all(iou(s.bbox_xyxy_px, FACE_BOX) > 0.7 for s in sightings)


def test_crops_come_as_often_as_the_bundle_wants_them(haar: FaceDetector) -> None:
    sightings = _watch(haar, [portrait()] * 75, spec=FaceCropSpec(size_px=40, channels=3, rate_hz=6.0))
    crops = [s.crop for s in sightings if s.crop is not None]
    assert len(crops) == 18
    assert {crop.shape for crop in crops} == {(40, 40, 3)}


@pytest.mark.parametrize(("rate_hz", "looked_at_hz"), [(5, 5), (15, 15), (25, 12.5), (30, 15), (60, 20)])
def test_no_more_pictures_are_looked_at_than_mouths_need(
    haar: FaceDetector, rate_hz: float, looked_at_hz: float
) -> None:
    sightings = _watch(haar, [portrait()] * round(2 * rate_hz), rate_hz)
    assert len(sightings) == pytest.approx(2 * looked_at_hz, abs=1)


def test_a_mouth_that_opens_and_shuts_moves_and_a_still_one_does_not(haar: FaceDetector) -> None:
    speaking, still = head(), other_head()
    pictures = [
        place(place(room(), open_mouth(speaking, 0.5 + 0.5 * np.sin(i)), 180, 180, 100), still, 440, 180, 100)
        for i in range(40)
    ]
    motions: dict[bool, list[float]] = {True: [], False: []}
    for s in _watch(haar, pictures):
        if s.mouth_motion is not None:
            motions[s.bbox_xyxy_px[0] < 320].append(s.mouth_motion)
    assert np.mean(motions[True]) > MOVING
    assert np.mean(motions[False]) < STILL


def test_a_still_mouth_in_a_head_that_walks_by_never_moves_whatever_the_detections_correct(
    haar: FaceDetector,
) -> None:
    pictures = [place(room(), head(), 200 + 5 * i, 180 - i / 2, 80) for i in range(50)]
    motions = [s.mouth_motion for s in _watch(haar, pictures) if s.mouth_motion is not None]
    assert len(motions) > 20
    assert max(motions) < STILL


def test_the_first_sight_of_a_face_says_nothing_of_its_mouth(haar: FaceDetector) -> None:
    first, second, *_ = _watch(haar, [portrait()] * 4)
    assert first.mouth_motion is None
    assert second.mouth_motion is not None


def test_pictures_without_a_face_and_times_without_a_picture_are_told_to_who_waits(haar: FaceDetector) -> None:
    watch = FaceWatch(haar, SPEC, FaceSettings())
    watch.step(VideoFrame.of(1.0, room()))
    assert watch.ring.wait_until(1.0, 0)
    watch.step(VideoFrame(1.01, lambda: pytest.fail("too soon to be looked at, yet converted"), 0.0))
    assert watch.ring.wait_until(1.01, 0)
    watch.step(VideoTick(2.0, 0.0))
    assert watch.ring.wait_until(2.0, 0)
    assert watch.ring.between(0, 2) == []


def test_nobody_waits_after_the_end_of_the_video(haar: FaceDetector) -> None:
    watch = FaceWatch(haar, SPEC, FaceSettings())
    watch.close()
    assert watch.ring.wait_until(100.0, 0)


def test_the_same_pictures_give_the_same_sightings(haar: FaceDetector) -> None:
    pictures = [place(room(), open_mouth(head(), i % 3 / 2), 200 + 2 * i, 180, 100) for i in range(25)]
    one, other = (
        [(s.time_s, s.track_id, s.bbox_xyxy_px, s.score, s.mouth_motion) for s in _watch(haar, pictures)]
        for _ in range(2)
    )
    assert one == other


def test_a_huge_picture_gives_a_face_in_its_own_pixels(haar: FaceDetector) -> None:
    picture = place(room(3840, 2160), head(), 2000, 1000, 700)
    sighting = _watch(haar, [picture] * 4)[-1]
    assert iou(sighting.bbox_xyxy_px, (1650, 650, 2350, 1350)) > 0.75


def test_the_size_of_the_picture_may_change_on_the_way(haar: FaceDetector) -> None:
    wide = place(room(), head(), 450, 180, 100)
    sightings = _watch(haar, [portrait()] * 10 + [wide] * 15)
    assert iou(sightings[-1].bbox_xyxy_px, (400, 130, 500, 230)) > 0.7
    assert {s.track_id for s in sightings if s.time_s < 0.4} != {sightings[-1].track_id}


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 500, 3), (40, 2, 3)])
def test_odd_pictures_hold_no_face_and_do_no_harm(haar: FaceDetector, shape: tuple[int, int, int]) -> None:
    assert _watch(haar, [np.zeros(shape, np.uint8)] * 5) == []


def test_dark_glasses_and_the_edge_of_the_picture_do_no_harm(haar: FaceDetector) -> None:
    masked = head().copy()
    masked[80:100, 55:150] = 8
    pictures = [place(room(), masked, 20 * i - 60, 180, 100) for i in range(40)]
    assert all(s.crop is None or s.crop.shape == (48, 48, 1) for s in _watch(haar, pictures))


@pytest.mark.data
@pytest.mark.parametrize("name", ["haar", "yunet"])
@pytest.mark.parametrize(
    "clip", ["faces/M003_level_1_happy_024.mp4", "faces/address_8s.mp4", "ravdess/01-01-08-01-01-02-01.mp4"]
)
def test_the_face_of_a_real_clip_is_one_track_from_end_to_end(
    detector: FaceDetector, shared_data: Path, clip: str
) -> None:
    pictures = _clip(shared_data / "av" / clip, 2.4)
    sightings = _watch(detector, pictures)
    assert {s.track_id for s in sightings} == {1}
    assert len(sightings) >= 28


@pytest.mark.data
@pytest.mark.parametrize("name", ["yunet"])
def test_both_faces_of_a_debate_are_followed_throughout(detector: FaceDetector, shared_data: Path) -> None:
    sightings = _watch(detector, _clip(shared_data / "av" / "faces" / "debate_four_faces.avi", 3.0))
    of_track = {i: [s for s in sightings if s.track_id == i] for i in {s.track_id for s in sightings}}
    assert sorted(of_track) == [1, 2]
    assert all(len(seen) >= 34 for seen in of_track.values())
