"""Made scenes with a real face: NASA's public-domain portrait of the astronaut Eileen Collins, from scikit-image."""

import functools

import cv2
import numpy as np
from skimage import data

from streamer.features.arrays import UInt8

FACE_BOX = (172, 64, 274, 166)
"""Of the portrait: where both detectors find the face."""


@functools.cache
def portrait() -> UInt8:
    """[512, 512, 3] RGB."""
    return np.asarray(data.astronaut(), np.uint8)


@functools.cache
def room(width_px: int = 640, height_px: int = 360) -> UInt8:
    """[height, width, 3]: an empty room of soft, faceless shapes."""
    noise = np.random.default_rng(0).integers(60, 190, (9, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.uint8)


@functools.cache
def head() -> UInt8:
    """[204, 203, 3]: the head of the portrait, its canonical face box in the middle."""
    x0, y0, x1, y1 = FACE_BOX
    margin = (x1 - x0) // 2
    return np.ascontiguousarray(portrait()[y0 - margin : y1 + margin, x0 - margin : x1 + margin])


@functools.cache
def other_head() -> UInt8:
    """The only free portrait must do for two people: mirrored and darker, it is the second one."""
    return np.asarray(head()[:, ::-1] * 0.6, np.uint8)


def place(picture: UInt8, face: UInt8, x_px: float, y_px: float, side_px: float, roll_deg: float = 0.0) -> UInt8:
    """A head put into a picture: its canonical box `side_px` wide, the centre at (x, y)."""
    height, width = face.shape[:2]
    zoom = side_px / (FACE_BOX[2] - FACE_BOX[0])
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -roll_deg, zoom)
    matrix[:, 2] += (x_px - width / 2, y_px - height / 2)
    # Only the head: a rectangle around it would be a texture of its own.
    oval = np.zeros((height, width), np.float32)
    cv2.ellipse(oval, (width // 2, height // 2), (int(0.4 * width), int(0.48 * height)), 0, 0, 360, 1.0, -1)
    half = round(0.75 * zoom * max(width, height))  # what lies further away stays as it is
    left, top = (
        int(np.clip(edge - half, 0, size)) for edge, size in ((x_px, picture.shape[1]), (y_px, picture.shape[0]))
    )
    region = picture[top : max(int(y_px) + half, 0), left : max(int(x_px) + half, 0)]
    if not region.size:
        return picture
    matrix[:, 2] -= (left, top)
    moved, share = (cv2.warpAffine(part, matrix, (region.shape[1], region.shape[0])) for part in (face, oval))
    together = picture.copy()
    together[top : top + region.shape[0], left : left + region.shape[1]] = (
        region * (1 - share[..., None]) + moved * share[..., None]
    )
    return together


def open_mouth(face: UInt8, openness: float) -> UInt8:
    """The head with its mouth opened: 0 as it is, 1 wide open."""
    opened = face.copy()
    height, width = face.shape[:2]
    centre, axes = (int(0.48 * width), int(0.64 * height)), (int(0.1 * width), int(0.07 * height * openness))
    if openness > 0:
        cv2.ellipse(opened, centre, axes, 0, 0, 360, (60, 20, 25), -1)
    return opened
