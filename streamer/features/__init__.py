"""What the networks see: the one implementation, called by training and by the daemon alike.

A spec is plain data. Training decides it, the checkpoint and the bundle's manifest carry it, the daemon reads it back from there;
`config.toml` never changes it. To add a feature: one file with a spec and its pure functions, one name in a union below.
"""

from streamer.features.face_crops import FaceCropSpec
from streamer.features.functionals import FunctionalsSpec, FunctionalsStream
from streamer.features.log_mel import LogMelSpec, LogMelStream
from streamer.features.mfcc import MfccSpec, MfccStream
from streamer.features.text_pieces import ContextTurn, TextPieces, TextSpec, load_tokenizer
from streamer.features.vectors import VectorsSpec
from streamer.features.waveform import WaveformSpec, WaveformStream

AudioSpec = LogMelSpec | MfccSpec | FunctionalsSpec | WaveformSpec | VectorsSpec
AudioStream = LogMelStream | MfccStream | FunctionalsStream | WaveformStream

__all__ = [
    "AudioSpec",
    "AudioStream",
    "ContextTurn",
    "FaceCropSpec",
    "FunctionalsSpec",
    "FunctionalsStream",
    "LogMelSpec",
    "LogMelStream",
    "MfccSpec",
    "MfccStream",
    "TextPieces",
    "TextSpec",
    "VectorsSpec",
    "WaveformSpec",
    "WaveformStream",
    "load_tokenizer",
]
