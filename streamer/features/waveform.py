"""The waveform itself as a feature, for networks that take raw sound (wav2vec 2.0)."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np

from streamer.features.arrays import Float32


class WaveformSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="waveform", forbid_unknown_fields=True):
    """Raw samples, optionally with zero mean and unit variance over the utterance."""

    sample_rate_hz: int = 16_000
    unit_variance: bool = True
    max_s: float = 12.0
    history_utterances: ClassVar[int] = 0
    """Each utterance is heard by itself."""
    min_samples: int = 400
    """The receptive field of wav2vec 2.0's convolutions; shorter sound is zero-padded to it."""

    @property
    def width(self) -> int:
        """Values per step."""
        return 1

    def extract(self, waveform: Float32, earlier: Sequence[Float32] = ()) -> Float32:  # noqa: ARG002 - the other specs' signature
        """[samples] -> [samples, 1]."""
        waveform = waveform[-round(self.max_s * self.sample_rate_hz) :]
        if waveform.shape[0] < self.min_samples:
            waveform = np.pad(waveform, (0, self.min_samples - waveform.shape[0]))
        if self.unit_variance:
            waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
        return waveform.astype(np.float32)[:, None]

    def stream(self, earlier: Sequence[Float32] = ()) -> "WaveformStream":  # noqa: ARG002 - as above
        """A collection that goes on while speech does."""
        return WaveformStream(self)


class WaveformStream:
    """Samples as they arrive."""

    def __init__(self, spec: WaveformSpec) -> None:
        self._spec = spec
        self._parts: list[Float32] = []

    def push(self, waveform: Float32) -> None:
        """Take the next samples, [samples]."""
        self._parts.append(waveform)

    def features(self, samples: int | None = None) -> Float32:
        """What the network would see now, or would have seen after so many `samples`: [samples, 1]."""
        return self._spec.extract(np.concatenate([np.zeros(0, np.float32), *self._parts])[:samples])

    def memory(self, samples: int | None = None) -> None:
        """Nothing: each utterance is heard by itself."""
