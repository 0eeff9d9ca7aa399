"""From a run to a bundle: graphs in ONNX, held against torch, made smaller, installed. Run in place: `python -m exporters --help`."""

import streamer  # noqa: F401 - before ONNX Runtime, whose telemetry it turns off
