"""The last seconds of a source's sound, addressed by position."""

from typing import Final

import numpy as np

from streamer.features.arrays import Float32

_SPARE: Final = 1 << 16
"""Room for four seconds more, so that samples are moved seldom."""


class WaveformMemory:
    """Samples since the beginning, of which the old ones are forgotten."""

    def __init__(self) -> None:
        self._samples = np.empty(_SPARE, np.float32)
        self._origin = 0
        self.end = 0
        """Samples heard since the beginning."""

    def append(self, waveform: Float32) -> None:
        """Remember the next samples, [samples]."""
        used = self.end - self._origin
        if used + waveform.shape[0] > self._samples.shape[0]:
            grown = np.empty(used + waveform.shape[0] + _SPARE, np.float32)
            grown[:used] = self._samples[:used]
            self._samples = grown
        self._samples[used : used + waveform.shape[0]] = waveform
        self.end += waveform.shape[0]

    def between(self, start: int, end: int) -> Float32:
        """A copy of the samples in [start, end).

        Raises:
            IndexError: some are forgotten, or not heard yet.
        """
        if not self._origin <= start <= end <= self.end:
            raise IndexError(f"samples {start}..{end} are not among those remembered, {self._origin}..{self.end}")
        return self._samples[start - self._origin : end - self._origin].copy()

    def forget_before(self, position: int) -> None:
        """Samples before `position` will not be asked for."""
        if position - self._origin >= _SPARE // 2:  # else moving costs more than it frees
            kept = self._samples[position - self._origin : self.end - self._origin].copy()
            self._samples[: kept.shape[0]] = kept
            self._origin = position
