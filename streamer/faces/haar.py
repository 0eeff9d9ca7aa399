"""The embedded detector: Viola and Jones's cascade of Haar features, from OpenCV's own wheel. Frontal to three-quarter faces."""

from pathlib import Path

import cv2
import numpy as np

from streamer.errors import EngineError
from streamer.faces.detection import SMALLEST_FACE_PX, Detection, box_of_window
from streamer.features.arrays import UInt8
from streamer.features.face_crops import grey

CASCADE = "haarcascade_frontalface_alt2.xml"
"""Of the four frontal cascades the quickest, and the one with the fewest false faces on the clips this was chosen on."""
SCALE_STEP = 1.2
"""Between sizes searched: 1.1 takes 1.7 times as long and finds one face in fifty more."""
NEIGHBOURS = 3
"""Windows that must agree on a face."""


class HaarDetector:
    """Needs no model file beyond OpenCV's."""

    name = "haar"

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / CASCADE
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise EngineError(f"faces.detector haar: {path} cannot be read; reinstall opencv-python-headless")

    def detect(self, image_rgb: UInt8) -> list[Detection]:
        """As `FaceDetector.detect`."""
        if min(image_rgb.shape[:2]) < SMALLEST_FACE_PX:
            return []
        windows, _, weights = self._cascade.detectMultiScale3(
            grey(image_rgb),
            scaleFactor=SCALE_STEP,
            minNeighbors=NEIGHBOURS,
            minSize=(SMALLEST_FACE_PX, SMALLEST_FACE_PX),
            outputRejectLevels=True,
        )
        found = [
            Detection(box_of_window(float(x), float(y), float(side)), _score(float(weight)))
            for (x, y, side, _), weight in zip(windows, weights, strict=True)
        ]
        return sorted(found, key=lambda face: -face.score)


def _score(weight: float) -> float:
    """The last stage's sum as something like a probability: on real clips faces reach 55.3 to 58.5, false ones 54.6 to 55.7."""
    return float(1 / (1 + np.exp(-(weight - 55.5) / 0.5)))
