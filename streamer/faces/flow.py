"""Following faces from one picture to the next by optical flow: far cheaper than to detect them again."""

from typing import NamedTuple

import cv2
import numpy as np

from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box

GRID = np.stack(np.meshgrid(np.linspace(0.22, 0.78, 7), np.linspace(0.2, 0.66, 5)), axis=-1).reshape(-1, 2)
"""Points that are followed, in units of the face box: brows, eyes, nose and cheeks. Not the mouth, which moves by itself."""
MIN_AGREEING = 12
"""Of the 35 points, those that must tell the same movement."""
MAX_RESIDUAL = 0.02
"""How far a point may lie from where the common movement puts it, in sides of the box."""


MAX_DIFFERENCE = 25.0
"""Mean difference in grey levels around a point, from which it is another thing that is seen there."""


class Movement(NamedTuple):
    """How a face moved: shift of its centre, zoom, turn."""

    dx_px: float
    dy_px: float
    zoom: float
    turn_deg: float
    """Clockwise."""


STILL = Movement(0.0, 0.0, 1.0, 0.0)


def movements(before_grey: UInt8, grey: UInt8, boxes_xyxy_px: list[Box]) -> list[Movement | None]:
    """Two pictures [height, width] and where faces were in the first -> how each moved; None where the flow does not agree."""
    if not boxes_xyxy_px:
        return []
    starts = [_points(box) for box in boxes_xyxy_px]
    points = np.concatenate(starts)[:, None]
    status, differences = np.empty((len(points), 1), np.uint8), np.empty((len(points), 1), np.float32)
    ends, *_ = cv2.calcOpticalFlowPyrLK(
        before_grey,
        grey,
        points,
        np.empty_like(points),
        status=status,
        err=differences,
        winSize=(13, 13),
        maxLevel=2,
    )
    moved = np.split(np.asarray(ends, np.float32).reshape(-1, 2), len(starts))
    found = np.split((status.ravel() == 1) & (differences.ravel() < MAX_DIFFERENCE), len(starts))
    return [
        _common(start, end, box) if ok.all() else _common(start[ok], end[ok], box)
        for start, end, ok, box in zip(starts, moved, found, boxes_xyxy_px, strict=True)
    ]


def _points(box: Box) -> Float32:
    x0, y0, x1, y1 = box
    return np.asarray(np.array([x0, y0]) + GRID * np.array([x1 - x0, y1 - y0]), np.float32)


def _common(start: Float32, end: Float32, box: Box) -> Movement | None:
    """The similarity transform that most points agree with (least median of squares; OpenCV seeds it, so it is repeatable)."""
    if len(start) < MIN_AGREEING:
        return None
    side, centre = box[2] - box[0], np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    matrix, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.LMEDS, maxIters=100)
    if matrix is None:
        return None
    residuals = np.hypot(*(start @ matrix[:, :2].T + matrix[:, 2] - end).T)
    zoom = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if (residuals < max(MAX_RESIDUAL * side, 0.5)).sum() < MIN_AGREEING or not 0.7 < zoom < 1.4:
        return None
    dx, dy = matrix[:, :2] @ centre + matrix[:, 2] - centre
    return Movement(float(dx), float(dy), zoom, float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))))
