"""How much a mouth moves, whatever the head, the camera and the light do.

After Everingham, Sivic and Zisserman 2006 ("Hello! My name is... Buffy"): two pictures of the face are laid over each other, and the
mouth is shifted to where it fits best, so that what is left is change of shape. The same measure on the upper face tells how much two
pictures of this face differ anyhow (noise, compression, a head that turns), and is taken off.
"""

from typing import Final

import cv2
import numpy as np

from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box, FaceCropSpec

PATCH_PX: Final = 64
PATCH: Final = FaceCropSpec(size_px=PATCH_PX, channels=1)
MOUTH: Final = (slice(42, 62), slice(16, 48))
"""Rows and columns of the patch; mouth corners lie at row 48 +- 5 of FER2013's framing, an open mouth reaches the lower edge."""
UPPER_FACE: Final = (slice(10, 40), slice(10, 54))
SHIFT_PX: Final = 2
"""How far a part may lie beside its place; what the flow left of the head's movement is less."""
_LEVELS: Final = np.arange(256.0)
UPPER_WEIGHT: Final = 1.5
"""Of the change of the upper face: a turning head changes the mouth's surroundings, cheeks and chin, more."""


def face_patch(image_rgb: UInt8, bbox_xyxy_px: Box, roll_deg: float) -> Float32:
    """A face, upright, [64, 64], with zero mean and about unit deviation: light and contrast of the scene are taken away."""
    grey = PATCH.crop(image_rgb, bbox_xyxy_px, roll_deg)[..., 0]
    blurred = cv2.GaussianBlur(grey, (0, 0), 1.0, dst=np.empty_like(grey))
    mean, deviation = cv2.meanStdDev(blurred, mean=np.empty((1, 1)), stddev=np.empty((1, 1)))
    levels = (_LEVELS - mean[0, 0]) / (deviation[0, 0] + 4)  # 4: in darkness noise is no contrast
    patch = np.empty(grey.shape, np.float32)
    cv2.LUT(blurred, levels.astype(np.float32), dst=patch)
    return patch


def mouth_motion(before: Float32, now: Float32) -> float:
    """Two patches of one face -> how much the mouth changed beyond the upper face.

    In units of the face's contrast: a still mouth gives 0.00 to 0.01, a speaking one 0.03 to 0.2 on average.
    """
    change = _change(before, now, MOUTH) - UPPER_WEIGHT * _change(before, now, UPPER_FACE)
    return float(np.sqrt(max(change, 0.0)))


def _change(before: Float32, now: Float32, part: tuple[slice, slice]) -> float:
    """Mean squared difference of a part of the face at the shift where it is least."""
    rows, columns = part
    around = now[
        rows.start - SHIFT_PX : rows.stop + SHIFT_PX,
        columns.start - SHIFT_PX : columns.stop + SHIFT_PX,
    ]
    piece = before[part]
    places = np.empty((2 * SHIFT_PX + 1, 2 * SHIFT_PX + 1), np.float32)
    squares = cv2.matchTemplate(around, piece, cv2.TM_SQDIFF, result=places)
    return float(squares.min()) / piece.size
