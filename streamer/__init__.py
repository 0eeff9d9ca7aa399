"""Live camera and microphone in, one emotion and sentiment event per spoken utterance out.

from streamer import load_bundle

model = load_bundle()
result = model.predict(text="I can't believe it!", waveform=wave_16k, frames=frames_rgb)  # each may be None
result.emotion.label, result.emotion.probs["joy"], result.modalities["video"].reason
"""

import os
from typing import TYPE_CHECKING

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""ONNX Runtime 1.31 and later carry an uploader of usage events that is on unless this stands here before they are imported, and that is
on for an empty value as well: so it is set whatever stood here. Nothing leaves the machine."""

if TYPE_CHECKING:
    from streamer.inference import Model, Prediction, load_bundle

__version__ = "0.1.0"
__all__ = ["Model", "Prediction", "__version__", "load_bundle"]


def __getattr__(name: str) -> object:
    """The API is imported at first use, so that `streamer --help` does not wait for ONNX Runtime."""
    if name in {"Model", "Prediction", "load_bundle"}:
        from streamer import inference

        return getattr(inference, name)
    raise AttributeError(f"module 'streamer' has no attribute {name!r}")
