"""YuNet, a small convolutional face detector with five landmarks, run by OpenCV.

Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector".
"""

from pathlib import Path

import cv2
import numpy as np

from streamer.errors import EngineError
from streamer.faces.detection import SMALLEST_FACE_PX, Detection, box_of_landmarks
from streamer.features.arrays import UInt8

MIN_SCORE = 0.6
"""Below it, YuNet's boxes are as often no face."""
OVERLAP = 0.3
"""Boxes that overlap more than this are one face."""


class YuNetDetector:
    """Finds faces from every side but behind, also tilted and partly hidden ones."""

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
        self._network.setInputSize((width, height))
        _, faces = self._network.detect(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
        found = [] if faces is None else [_detection(face) for face in faces]
        return sorted(found, key=lambda face: -face.score)


def _detection(face: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Detection:
    """From YuNet's row: box x, y, width, height, five landmarks, score."""
    landmarks = np.asarray(face[4:14], np.float32).reshape(5, 2)
    box, roll_deg = box_of_landmarks(landmarks, float(face[2]), float(face[3]))
    return Detection(box, float(np.clip(face[14], 0, 1)), roll_deg, landmarks)
