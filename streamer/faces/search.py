"""Where and when a detector looks: seldom, in a small picture, and mostly only around the faces that are known already."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streamer.faces.cadence import Cadence
from streamer.faces.detection import SMALLEST_FACE_PX, Detection, FaceDetector
from streamer.faces.overlap import iou
from streamer.faces.tracks import Track
from streamer.features import face_crops
from streamer.features.arrays import UInt8
from streamer.features.face_crops import Box
from streamer.settings import FaceSettings

NEWCOMERS_HZ: Final = 1.0
"""How often the whole picture is searched while faces are followed, ..."""
ANYBODY_HZ: Final = 2.5
"""... and while there are none: the other detections look around known faces only, which is far quicker."""
FOR_LARGE: Final = 0.5
"""Every second of these searches is in a picture shrunk by this, at a quarter of the price: smaller newcomers wait for the next one."""
REGION: Final = 2.0
"""Side of the region around a known face, in sides of its box, ..."""
REGION_PX: Final = 72
"""... and the size to which a larger one is shrunk."""
SAME_FACE: Final = 0.4
"""Overlap (IoU) from which two detections are one face."""


class FaceSearch:
    """The detections of one source."""

    def __init__(self, detector: FaceDetector, settings: FaceSettings) -> None:
        self._detector = detector
        self._min_face_px = settings.min_face_px
        self.zoom = min(1.0, SMALLEST_FACE_PX / settings.min_face_px)
        """By how much every picture is shrunk before it is searched: as far as the smallest face wanted can still be found."""
        self._detection = Cadence(settings.detect_hz)
        self._newcomers = Cadence(NEWCOMERS_HZ)
        self._anybody = Cadence(ANYBODY_HZ)
        self._whole_searches = 0

    def detect(self, time_s: float, small_rgb: UInt8, tracks: Sequence[Track]) -> list[Detection] | None:
        """Faces in the shrunk picture, in its pixels; None where it is not time to look.

        Args:
            time_s: Of the picture.
            small_rgb: [height, width, 3], shrunk by `zoom`.
            tracks: The faces that are known.
        """
        if not self._detection.due(time_s):
            return None
        whole = (self._newcomers if tracks else self._anybody).due(time_s)
        self._whole_searches += whole
        if whole and self._whole_searches % 2:
            found = self._detector.detect(small_rgb)
        else:
            found = [face for track in tracks for face in self._near(small_rgb, track.box)]
            if whole:
                found += self._large_newcomers(small_rgb, tracks)
        # A little below what is asked for: a face of just that size would come and go.
        smallest_px = 0.9 * self._min_face_px * self.zoom
        return _distinct([face for face in found if face.bbox_xyxy_px[2] - face.bbox_xyxy_px[0] >= smallest_px])

    def _large_newcomers(self, small_rgb: UInt8, tracks: Sequence[Track]) -> list[Detection]:
        """Known faces are left to the searches around them, which place them better."""
        found = [_placed(face, 0, 0, FOR_LARGE) for face in self._detector.detect(shrunk(small_rgb, FOR_LARGE))]
        return [face for face in found if all(not iou(face.bbox_xyxy_px, track.box) for track in tracks)]

    def _near(self, small_rgb: UInt8, box: Box) -> list[Detection]:
        half = (box[2] - box[0]) * REGION / 2
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        left, top = max(round(x - half), 0), max(round(y - half), 0)
        region = small_rgb[top : max(round(y + half), 0), left : max(round(x + half), 0)]
        if not region.size:
            return []
        zoom = min(1.0, REGION_PX / max(region.shape[:2]))
        return [_placed(face, left, top, zoom) for face in self._detector.detect(shrunk(region, zoom))]


def shrunk(image_rgb: UInt8, zoom: float) -> UInt8:
    """A picture made smaller by averaging; `zoom` 1 leaves it as it is."""
    if zoom == 1.0:
        return image_rgb
    height, width = (max(1, round(size * zoom)) for size in image_rgb.shape[:2])
    return face_crops.shrunk(image_rgb, width, height)


def _placed(face: Detection, left_px: int, top_px: int, zoom: float) -> Detection:
    """A detection in a region, in the pixels of the picture that the region was cut from."""
    x0, y0, x1, y1 = (edge / zoom for edge in face.bbox_xyxy_px)
    landmarks = face.landmarks_px
    return face._replace(
        bbox_xyxy_px=(x0 + left_px, y0 + top_px, x1 + left_px, y1 + top_px),
        landmarks_px=None if landmarks is None else (landmarks / zoom + (left_px, top_px)).astype(np.float32),
    )


def _distinct(found: Sequence[Detection]) -> list[Detection]:
    """Regions of faces that stand close find one face twice: the surer detection stays."""
    kept: list[Detection] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(iou(face.bbox_xyxy_px, other.bbox_xyxy_px) < SAME_FACE for other in kept):
            kept.append(face)
    return kept
