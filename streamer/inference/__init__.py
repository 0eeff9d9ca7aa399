"""The networks: sessions on ONNX Runtime, the model of a bundle, `predict`."""

from streamer.inference.model import Encoding, Model, load_bundle, open_model
from streamer.inference.prediction import Prediction

__all__ = ["Encoding", "Model", "Prediction", "load_bundle", "open_model"]
