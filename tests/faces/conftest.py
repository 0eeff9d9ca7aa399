"""The two detectors. YuNet's model is research data: what uses it carries the marker `data`."""

from pathlib import Path

import pytest

from streamer.faces import FaceDetector
from streamer.faces.haar import HaarDetector
from streamer.faces.yunet import YuNetDetector


@pytest.fixture(scope="session")
def haar() -> FaceDetector:
    return HaarDetector()


@pytest.fixture(scope="session")
def yunet_path(shared_data: Path) -> Path:
    return shared_data / "models" / "face_detection_yunet.onnx"


@pytest.fixture(scope="session")
def yunet(yunet_path: Path) -> FaceDetector:
    return YuNetDetector(yunet_path)


@pytest.fixture
def detector(name: str, request: pytest.FixtureRequest) -> FaceDetector:
    """The one that a test is parametrised with."""
    found: FaceDetector = request.getfixturevalue(name)
    return found
