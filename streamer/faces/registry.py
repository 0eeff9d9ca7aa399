"""The face detectors by name, and the choice among them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from streamer.errors import EngineError
from streamer.faces.detection import FaceDetector
from streamer.faces.haar import HaarDetector
from streamer.faces.yunet import YuNetDetector
from streamer.models_store import model_path
from streamer.settings import FaceSettings

DetectorName = Literal["yunet", "haar"]


def _open_yunet(yunet_path: Path | None) -> FaceDetector:
    path = yunet_path or model_path("yunet")
    if path is None:
        raise EngineError("faces.detector yunet: its model is not on this machine; streamer models pull yunet")
    return YuNetDetector(path)


DETECTORS: Final[dict[DetectorName, Callable[[Path | None], FaceDetector]]] = {
    "yunet": _open_yunet,
    "haar": lambda _: HaarDetector(),
}
"""Best first. Each takes the path of YuNet's model, where one is given."""


def open_detector(settings: FaceSettings, yunet_path: Path | None = None) -> tuple[FaceDetector | None, str | None]:
    """The detector that the settings ask for, and what a user should know about the choice (None: nothing).

    Args:
        settings: `auto` takes YuNet where its model is present, else Haar cascades, and says so.
        yunet_path: YuNet's ONNX file; None looks where `streamer models pull yunet` puts it.

    Raises:
        EngineError: a detector that was asked for by name cannot be used.
    """
    if settings.detector == "none":
        return None, "faces.detector is none: no faces are looked for"
    if settings.detector != "auto":
        return DETECTORS[settings.detector](yunet_path), None
    try:
        return DETECTORS["yunet"](yunet_path), None
    except EngineError as err:
        return DETECTORS["haar"](yunet_path), f"Haar cascades find faces, from the front only, for want of YuNet: {err}"
