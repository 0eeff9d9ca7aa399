"""What a face detector is and what it finds: one framing of a face, whoever found it.

The canonical face box is a square that holds a face as FER2013's pictures do, from the middle of the forehead to the chin, because
the video networks are trained on those. Medians over 1,500 FERPlus pictures (side of the picture = 1), measured with YuNet: eyes at
0.39 from above, mouth corners at 0.75, between the eyes 0.36; the Haar cascade's box is 0.966 wide and centred.
"""

from typing import NamedTuple, Protocol

import numpy as np

from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box

SMALLEST_FACE_PX = 20
"""Side of the smallest canonical box that the detectors find in the picture they are given: the Haar cascade's window."""


class Detection(NamedTuple):
    """A face in one picture."""

    bbox_xyxy_px: Box
    """Canonical square box, in pixels of the picture that was looked at; may reach beyond its border."""
    score: float
    """How sure the detector is, in [0, 1]."""
    roll_deg: float | None = None
    """Tilt of the head in the picture, clockwise; None where the detector cannot tell."""
    landmarks_px: Float32 | None = None
    """[5, 2] x, y: the eye and then the other eye from left to right in an upright picture, nose tip, mouth corners from left to right."""


class FaceDetector(Protocol):
    """Finds the faces of one picture. Belongs to one thread."""

    @property
    def name(self) -> str:
        """As in the settings and on the dashboard."""
        ...

    def detect(self, image_rgb: UInt8) -> list[Detection]:
        """[height, width, 3] -> the faces from about `SMALLEST_FACE_PX` on, the surest first. Time grows with the picture's area."""
        ...


def square_box(centre_x_px: float, centre_y_px: float, side_px: float) -> Box:
    """The square around a centre."""
    half = side_px / 2
    return (centre_x_px - half, centre_y_px - half, centre_x_px + half, centre_y_px + half)


def box_of_window(x_px: float, y_px: float, side_px: float) -> Box:
    """The canonical box from a Haar cascade's window, which already is FER2013's framing but for 3.5 %."""
    return square_box(x_px + side_px / 2, y_px + side_px / 2, side_px * 1.035)


def box_of_landmarks(landmarks_px: Float32, width_px: float, height_px: float) -> Box:
    """The canonical box from YuNet's landmarks [5, 2] and the size of its (tall) box.

    The size comes from the box, which a turned head changes least; the place from the eyes and the mouth, since the box of a
    turned head takes in the side of it, and follows a tilted head round.
    """
    eyes, mouth = landmarks_px[0:2].mean(axis=0), landmarks_px[3:5].mean(axis=0)
    down = mouth - eyes
    side = 1.12 * float(np.sqrt(width_px * height_px))
    upwards = (
        down / max(float(np.hypot(*down)), 1e-6) * 0.07 * side
    )  # halfway between eyes and mouth lies at 0.57 of the side
    x, y = (eyes + mouth) / 2 - upwards
    return square_box(float(x), float(y), side)


def roll_of_landmarks(landmarks_px: Float32) -> float:
    """How far the line through the eyes is turned clockwise, in degrees."""
    right = landmarks_px[1] - landmarks_px[0]
    return float(np.degrees(np.arctan2(right[1], right[0])))
