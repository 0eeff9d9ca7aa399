"""Mel-frequency cepstral coefficients: the orthonormal DCT-II of the log-mel spectrum.

Held against torchaudio's `MFCC(log_mels=True)` by a test.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np

from streamer.features.arrays import Float32
from streamer.features.log_mel import LogMelSpec, LogMelStream


class MfccSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="mfcc", forbid_unknown_fields=True):
    """The first coefficients of a log-mel spectrum.

    The DCT is linear: that the log-mel's mean over the utterance is taken away is cepstral mean normalisation.
    """

    mel: LogMelSpec = LogMelSpec()
    n_mfcc: int = 40
    """At most `mel.n_mels`."""

    def __post_init__(self) -> None:
        """Refuse more coefficients than there are bands."""
        if not 0 < self.n_mfcc <= self.mel.n_mels:
            raise ValueError(f"n_mfcc is {self.n_mfcc}, must be between 1 and n_mels, {self.mel.n_mels}")

    @property
    def sample_rate_hz(self) -> int:
        """Of the waveform."""
        return self.mel.sample_rate_hz

    @property
    def width(self) -> int:
        """Values per step."""
        return self.n_mfcc

    @property
    def history_utterances(self) -> int:
        """So many utterances before are remembered."""
        return self.mel.history_utterances

    def extract(self, waveform: Float32, earlier: Sequence[Float32] = ()) -> Float32:
        """[samples] -> [frames, n_mfcc], what the network sees; as many frames as the log-mel has. `earlier` as in the log-mel's."""
        return mfcc(self.mel.extract(waveform, earlier), self)

    def stream(self, earlier: Sequence[Float32] = ()) -> "MfccStream":
        """A computation that goes on while speech does."""
        return MfccStream(self, earlier)


def mfcc(log_mel: Float32, spec: MfccSpec) -> Float32:
    """[frames, n_mels] -> [frames, n_mfcc]."""
    return (log_mel @ _dct(spec.mel.n_mels, spec.n_mfcc)).astype(np.float32)


@lru_cache(maxsize=8)
def _dct(n_mels: int, n_mfcc: int) -> Float32:
    """[n_mels, n_mfcc]: orthonormal DCT-II, one coefficient a column."""
    bands, orders = np.arange(n_mels)[:, None], np.arange(n_mfcc)[None, :]
    matrix: Float32 = (np.cos(np.pi / n_mels * (bands + 0.5) * orders) * np.sqrt(2 / n_mels)).astype(np.float32)
    matrix[:, 0] /= np.float32(np.sqrt(2))
    return matrix


class MfccStream:
    """Coefficients as sound arrives; what it has at any moment equals `extract` of all that was pushed."""

    def __init__(self, spec: MfccSpec, earlier: Sequence[Float32] = ()) -> None:
        self._spec = spec
        self._mel = LogMelStream(spec.mel, earlier)

    def push(self, waveform: Float32) -> None:
        """Take the next samples, [samples]."""
        self._mel.push(waveform)

    def features(self, samples: int | None = None) -> Float32:
        """What the network would see now, or would have seen after so many `samples`: [frames, n_mfcc]."""
        return mfcc(self._mel.features(samples), self._spec)

    def memory(self, samples: int | None = None) -> Float32 | None:
        """What later utterances are told of this one, as the log-mel does."""
        return self._mel.memory(samples)
