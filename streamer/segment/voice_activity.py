"""Silero's voice activity detector, version 6, on ONNX Runtime. Its file comes in faster-whisper's wheel."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_CONTEXT_SAMPLES: Final = 64
_STATE_SHAPE: Final = (1, 1, 128)
_INPUTS: Final = {"input", "h", "c"}
_OUTPUTS: Final = ["speech_probs", "hn", "cn"]


def open_voice_session() -> "InferenceSession":
    """The network, on one thread of the CPU: 0.1 ms a chunk. Sources may share it, their state is their own.

    Raises:
        EngineError: the file is missing, or is another version of the network.
    """
    import onnxruntime  # 40 ms that `--help` does not pay

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    path = _network_file()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    if {i.name for i in session.get_inputs()} != _INPUTS or [o.name for o in session.get_outputs()] != _OUTPUTS:
        raise EngineError(f"{path}: is not the Silero network this version knows; pip install 'faster-whisper>=1.2,<2'")
    return session


class VoiceActivity:
    """Hears one source, chunk by chunk, and remembers what it heard."""

    def __init__(self, session: "InferenceSession") -> None:
        self._session = session
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: after lost sound, or for another recording."""
        self._h = np.zeros(_STATE_SHAPE, np.float32)
        self._c = np.zeros(_STATE_SHAPE, np.float32)
        self._window = np.zeros((1, _CONTEXT_SAMPLES + CHUNK_SAMPLES), np.float32)

    def push(self, waveform: Float32) -> float:
        """The probability that someone speaks in this chunk, in [0, 1].

        Args:
            waveform: [1..CHUNK_SAMPLES] at 16 kHz; a short one, the last of a stream, is filled up with silence.
        """
        window, end = self._window[0], _CONTEXT_SAMPLES + waveform.shape[0]
        window[:_CONTEXT_SAMPLES] = window[-_CONTEXT_SAMPLES:]
        window[_CONTEXT_SAMPLES:end] = waveform
        window[end:] = 0.0
        given = {"input": self._window, "h": self._h, "c": self._c}
        speech_probs, self._h, self._c = self._session.run(_OUTPUTS, given)
        return float(speech_probs[0])


def _network_file() -> Path:
    package = importlib.util.find_spec("faster_whisper")  # found, not imported: that takes two seconds
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
        if path.is_file():
            return path
    raise EngineError(
        "the voice activity detector is missing: it comes with faster-whisper; pip install 'faster-whisper>=1.2,<2'"
    )
