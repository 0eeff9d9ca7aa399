"""The workshop's training: corpora, features cache, loops, calibration, evaluation. Run in place: `python -m training --help`."""

import streamer  # noqa: F401 - before ONNX Runtime, whose telemetry it turns off
