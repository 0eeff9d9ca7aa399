"""The shipped networks, and one source's standing."""

import pytest

from streamer.analysis import Status
from streamer.inference import Model, load_bundle
from streamer.wire import Engines


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


def status(model: Model, *, sound: bool = True) -> Status:
    """Of a source without camera and recogniser."""
    return Status(
        source="desk",
        inputs=lambda: {"audio": "microphone" if sound else None, "video": None},
        engines=Engines(asr=None, detector=None, providers=model.providers, bundle=model.field),
        asr_reason="speech recognition is off (asr.engine = none)",
        detector_reason=None,
        every_s=0.25,
        dropped=dict,
    )
