"""Where a detector is asked to look, and what of its answers counts: with a detector that says what it is told to."""

import numpy as np

from streamer.faces import Detection, FaceWatch
from streamer.faces.search import FaceSearch
from streamer.faces.tracks import Tracker
from streamer.features.arrays import UInt8
from streamer.features.face_crops import Box, FaceCropSpec
from streamer.messages import FaceSighting, VideoFrame
from streamer.settings import FaceSettings
from tests.faces.scenes import FACE_BOX, portrait

BLANK = np.full((180, 320, 3), 100, np.uint8)


class ScriptedDetector:
    """Finds the same in every picture, or nothing after the first; remembers how large the pictures were."""

    name = "scripted"

    def __init__(self, *found: Detection, once: bool = False) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._found = found
        self._once = once

    def detect(self, image_rgb: UInt8) -> list[Detection]:
        self.shapes.append(image_rgb.shape)
        return [] if self._once and len(self.shapes) > 1 else list(self._found)


def _found(*faces: Detection) -> list[Detection] | None:
    return FaceSearch(ScriptedDetector(*faces), FaceSettings()).detect(0.0, BLANK, ())


def test_of_two_detections_of_one_face_the_surer_stays() -> None:
    faint, sure = Detection((20, 20, 60, 60), 0.6), Detection((22, 20, 62, 60), 0.9)
    assert _found(faint, sure) == _found(sure, faint) == [sure]


def test_faces_that_are_clearly_smaller_than_asked_for_are_left_alone() -> None:
    kept, small = Detection((20, 20, 39, 39), 0.9), Detection((100, 20, 117, 37), 0.9)
    assert _found(kept, small) == [kept]  # 40 px are asked for, and the picture is half as large


def test_the_whole_picture_is_searched_seldom_and_oftener_while_nobody_is_there() -> None:
    times_s = [number * 0.2 for number in range(20)]
    nobody, somebody = ScriptedDetector(), ScriptedDetector()
    tracker = Tracker(1)
    tracker.update(0.0, BLANK[..., 0], [Detection((20, 20, 60, 60), 0.9)])
    for detector, tracks in ((nobody, []), (somebody, tracker.tracks)):
        search = FaceSearch(detector, FaceSettings(detect_hz=5.0))
        for time_s in times_s:
            search.detect(time_s, BLANK, tracks)
    half = (90, 160, 3)
    assert nobody.shapes == [BLANK.shape, half] * 5
    assert [shape for shape in somebody.shapes if shape in {BLANK.shape, half}] == [BLANK.shape, half] * 2
    assert (
        len(somebody.shapes) == 20 + 2
    )  # around the face that is known, nine times of ten, two of them beside the search for large ones


def test_a_face_that_is_found_in_the_picture_for_large_ones_lies_where_it_is_in_the_other() -> None:
    found = Detection((20, 20, 60, 60), 0.9)
    search = FaceSearch(ScriptedDetector(found), FaceSettings())
    boxes = [[face.bbox_xyxy_px for face in search.detect(time_s, BLANK, ()) or ()] for time_s in (0.0, 1.0)]
    assert boxes == [[(20, 20, 60, 60)], [(40, 40, 120, 120)]]


class OnlyInSmall(ScriptedDetector):
    """Finds its faces in the picture for large ones alone."""

    def detect(self, image_rgb: UInt8) -> list[Detection]:
        return super().detect(image_rgb) if image_rgb.shape[:2] == (90, 160) else []


def test_the_search_for_large_ones_leaves_a_known_face_to_the_search_around_it() -> None:
    known, newcomer = Detection((20, 20, 50, 50), 0.9), Detection((100, 20, 140, 60), 0.9)
    tracker = Tracker(2)
    tracker.update(0.0, BLANK[..., 0], [Detection((42, 42, 98, 98), 0.9)])
    search = FaceSearch(OnlyInSmall(known, newcomer), FaceSettings())
    search.detect(0.0, BLANK, tracker.tracks)
    found = search.detect(1.0, BLANK, tracker.tracks)
    assert found is not None
    assert [face.bbox_xyxy_px for face in found] == [(200, 40, 280, 120)]


def _sighted(pictures: list[UInt8], *, score: float) -> list[FaceSighting]:
    """What is seen where a detector finds a face in the first picture and nothing after it."""
    box: Box = tuple(edge / 2 for edge in FACE_BOX)  # type: ignore[assignment]
    watch = FaceWatch(ScriptedDetector(Detection(box, score), once=True), FaceCropSpec(), FaceSettings())
    for number, picture in enumerate(pictures):
        watch.step(VideoFrame.of(number * 0.08, picture))
    return watch.ring.between(0.0, 100.0)


def test_a_face_is_seen_as_long_as_it_is_followed_and_not_where_it_is_only_expected() -> None:
    assert len(_sighted([portrait()] * 6, score=0.9)) == 6
    assert len(_sighted([portrait()] * 3 + [np.zeros_like(portrait())] * 3, score=0.9)) == 3


def test_a_first_suspicion_is_not_seen() -> None:
    assert _sighted([portrait()] * 6, score=0.6) == []
