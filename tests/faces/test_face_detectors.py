"""The detectors: one framing, the choice among them, and pictures that are hard."""

from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from streamer.errors import EngineError
from streamer.faces import DETECTORS, FaceDetector, open_detector
from streamer.faces.overlap import iou
from streamer.faces.search import FaceSearch, shrunk
from streamer.features.face_crops import FaceCropSpec
from streamer.settings import FaceSettings
from tests.faces.scenes import FACE_BOX, head, place, portrait, room

needs_data = pytest.mark.data
both = pytest.mark.parametrize("name", ["haar", pytest.param("yunet", marks=needs_data)])


@both
def test_the_face_of_a_portrait_is_found_in_the_canonical_framing(detector: FaceDetector) -> None:
    (face,) = detector.detect(portrait())
    assert iou(face.bbox_xyxy_px, FACE_BOX) > 0.75
    assert 0.8 < face.score <= 1


@pytest.mark.data
def test_yunets_framing_is_that_of_the_pictures_the_video_network_learns_from(
    yunet: FaceDetector, shared_data: Path
) -> None:
    rows = pq.read_table(shared_data / "faces" / "ferplus.parquet", columns=["image_webp"])["image_webp"]
    boxes = []
    for row in rows[:: len(rows) // 80]:
        picture = cv2.imdecode(np.frombuffer(row.as_py(), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert picture is not None
        large = cv2.resize(picture, (144, 144), interpolation=cv2.INTER_CUBIC)
        framed = np.asarray(cv2.copyMakeBorder(large, 56, 56, 56, 56, cv2.BORDER_REPLICATE), np.uint8)
        boxes += [(np.array(face.bbox_xyxy_px) - 56) / 144 for face in yunet.detect(framed)[:1]]
    assert len(boxes) > 60
    assert np.abs(np.median(boxes, axis=0) - (0, 0, 1, 1)).max() < 0.05


@pytest.mark.data
@pytest.mark.parametrize("roll_deg", [-25, 25])
def test_yunet_tells_which_way_a_large_head_is_tilted_so_that_its_crop_is_turned_upright(
    yunet: FaceDetector, roll_deg: int
) -> None:
    picture = room(640, 480)
    upright, tilted = (place(picture, head(), 320, 240, 200, roll) for roll in (0, roll_deg))
    (level,), (leaning,) = yunet.detect(upright), yunet.detect(tilted)
    assert leaning.roll_deg is not None
    assert 0.4 < leaning.roll_deg / roll_deg < 1.3
    spec = FaceCropSpec()
    aim = spec.crop(upright, level.bbox_xyxy_px).ravel()
    turned, as_it_is = (spec.crop(tilted, leaning.bbox_xyxy_px, roll).ravel() for roll in (leaning.roll_deg, 0.0))
    assert np.corrcoef(aim, turned)[0, 1] > np.corrcoef(aim, as_it_is)[0, 1] + 0.1


@pytest.mark.data
def test_yunet_claims_no_tilt_of_a_small_head(yunet: FaceDetector) -> None:
    (face,) = yunet.detect(place(room(), head(), 320, 180, 80, 25))
    assert face.roll_deg is None


@both
def test_a_picture_without_a_face_has_none(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    for picture in (room(), noise, np.zeros_like(room()), np.full_like(room(), 255)):
        assert detector.detect(picture) == []


@both
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (19, 400), (20, 20), (333, 21)])
def test_no_picture_is_too_small_to_be_looked_at(detector: FaceDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.full((*shape, 3), 90, np.uint8)) == []


@both
def test_a_face_without_colour_or_with_little_light_is_found(detector: FaceDetector) -> None:
    grey = np.repeat(portrait().mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    dark = (portrait() * 0.25).astype(np.uint8)
    for picture in (grey, dark):
        assert iou(detector.detect(picture)[0].bbox_xyxy_px, FACE_BOX) > 0.7


@both
@pytest.mark.parametrize("min_face_px", [20, 40, 80])
@pytest.mark.parametrize("width_px", [320, 640, 1280])
def test_a_face_little_larger_than_the_smallest_asked_for_is_found_however_large_the_picture_is(
    detector: FaceDetector, min_face_px: int, width_px: int
) -> None:
    search = FaceSearch(detector, FaceSettings(min_face_px=min_face_px, detect_hz=25))
    background, found = room(width_px, width_px * 3 // 4), 0
    for step in range(12):  # just at its limit a detector misses a face now and then, which the tracks bridge
        x_px, y_px = width_px * (0.3 + step / 30) + 0.7 * step, width_px * 0.35 + 3.3 * step
        picture = place(background, head(), x_px, y_px, 1.3 * min_face_px)
        small = shrunk(picture, search.zoom)
        found += max(
            len(search.detect(2.0 * step + second, small, ()) or ()) for second in (0, 1)
        )  # the other is for large ones
    assert 4 <= found <= 13


def test_by_default_a_picture_as_it_is_captured_is_searched_at_half_its_size(haar: FaceDetector) -> None:
    assert FaceSearch(haar, FaceSettings()).zoom == 0.5


def test_without_yunets_model_auto_takes_haar_and_says_what_would_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    detector, note = open_detector(FaceSettings(detector="auto"))
    assert detector is not None
    assert detector.name == "haar"
    assert note is not None
    assert "streamer models pull yunet" in note


@pytest.mark.data
def test_with_yunets_model_auto_takes_it_and_has_nothing_to_say(yunet_path: Path) -> None:
    detector, note = open_detector(FaceSettings(detector="auto"), yunet_path)
    assert detector is not None
    assert (detector.name, note) == ("yunet", None)


def test_yunet_by_name_without_its_model_is_an_error_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EngineError, match="streamer models pull yunet"):
        open_detector(FaceSettings(detector="yunet"))


def test_a_file_that_is_no_yunet_is_an_error_that_names_it(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"not a network")
    with pytest.raises(EngineError, match=r"wrong\.onnx"):
        open_detector(FaceSettings(detector="yunet"), wrong)


def test_no_detector_is_a_choice_that_is_told() -> None:
    assert open_detector(FaceSettings(detector="none")) == (None, "faces.detector is none: no faces are looked for")


def test_every_detector_can_be_asked_for_in_the_settings() -> None:
    names = get_args(FaceSettings.model_fields["detector"].annotation)
    assert set(names) - {"auto", "none"} == set(DETECTORS)
