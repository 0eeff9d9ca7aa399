"""YuNet, a small convolutional face detector with five landmarks, run by OpenCV.

Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector".
"""

from pathlib import Path

import cv2
import numpy as np

from streamer.errors import EngineError
from streamer.faces.detection import SMALLEST_FACE_PX, Detection, box_of_landmarks, roll_of_landmarks
from streamer.features.arrays import UInt8

MIN_SCORE = 0.6
"""Below it, YuNet's boxes are as often no face."""
OVERLAP = 0.3
"""Boxes that overlap more than this are one face."""


SMALLEST_INPUT_PX = 64
"""Smaller pictures get a black border: OpenCV 4.13 now and then reads faces out of uninitialised memory in those below 40 px."""
ROLL_FROM_PX = 160
"""Side of the smallest face whose tilt is told. Landmarks of smaller ones stay those of an upright face: heads turned by 25 degrees
gave 3 to 5 at 72 px, 8 to 12 at 128 px, 12 to 21 at 160 px and 15 to 27 at 200 px."""


class YuNetDetector:
    """Finds faces from every side but behind, also tilted and partly hidden ones; how far they are tilted, only of large ones."""

    name = "yunet"

    def __init__(self, path: Path) -> None:
        """Args: path: the ONNX file.

        Raises:
            EngineError: it is not there, or is no YuNet.
        """
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), MIN_SCORE, OVERLAP)
            self._network.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as err:
            raise EngineError(f"faces.detector yunet: {path} is no YuNet model; streamer models pull yunet") from err

    def detect(self, image_rgb: UInt8) -> list[Detection]:
        """As `FaceDetector.detect`."""
        height, width = image_rgb.shape[:2]
        if min(height, width) < SMALLEST_FACE_PX:
            return []
        right, below = max(SMALLEST_INPUT_PX - width, 0), max(SMALLEST_INPUT_PX - height, 0)
        image_bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
        if right or below:
            image_bgr = cv2.copyMakeBorder(image_bgr, 0, below, 0, right, cv2.BORDER_CONSTANT)
        self._network.setInputSize((width + right, height + below))
        _, faces = self._network.detect(image_bgr)
        found = [] if faces is None else [_detection(face) for face in faces]
        return sorted(found, key=lambda face: -face.score)


def _detection(face: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Detection:
    """From YuNet's row: box x, y, width, height, five landmarks, score."""
    landmarks = np.asarray(face[4:14], np.float32).reshape(5, 2)
    box = box_of_landmarks(landmarks, float(face[2]), float(face[3]))
    roll_deg = roll_of_landmarks(landmarks) if box[2] - box[0] >= ROLL_FROM_PX else None
    return Detection(box, float(np.clip(face[14], 0, 1)), roll_deg, landmarks)
