"""The workshop's training: corpora, features cache, loops, calibration, evaluation. Run in place: `python -m training --help`."""
