"""Small grey pictures by which a face, and what it stands before, are known again after they were lost."""

from typing import Final

import cv2
import numpy as np

from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box

LOOK_PX: Final = 12
"""Side of a face's small picture."""
SCENE_PX: Final = (32, 18)
"""Width and height of a scene's."""
CUT: Final = 20.0
"""Mean difference of two scenes in grey levels from which a film was cut between them. Of one shot, a second apart, it was 19 at most
(seven clips, one of a moving camera), between shots of different rooms 31 and more; between people before one wall it may be 11."""


def face_look(grey: UInt8, box: Box) -> Float32:
    """[LOOK_PX, LOOK_PX], about [0, 1]: the face, small enough not to mind an expression."""
    x0, y0, x1, y1 = (max(round(edge), 0) for edge in box)
    region = grey[y0:y1, x0:x1]
    if not region.size:
        return np.zeros((LOOK_PX, LOOK_PX), np.float32)
    small = cv2.resize(region, (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)


def is_cut(before_grey: UInt8, grey: UInt8) -> bool:
    """Whether two pictures, [height, width], are of two shots."""
    return float(np.abs(_scene(before_grey) - _scene(grey)).mean()) > CUT


def _scene(grey: UInt8) -> Float32:
    """[18, 32], grey levels: where it is and how it is framed, not who is in it."""
    return np.asarray(cv2.resize(grey, SCENE_PX, interpolation=cv2.INTER_AREA), np.float32)
