"""Sound of any rate, in pieces of any length, as blocks of 512 samples at 16 kHz whose times can be trusted."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import soxr

TOLERANCE_S: Final = 0.1
"""Time stamps that differ less from the count of samples are jitter: the count holds."""
MAX_FILL_S: Final = 1.0
"""A gap up to this long is filled with silence; a longer one shows as a later `time_s`."""
_NOTHING: Final = np.zeros(0, np.float32)


class SoundBlock(NamedTuple):
    """Part of a stream of sound."""

    time_s: float
    """Of the first sample, on the stream clock."""
    waveform: Float32
    """[CHUNK_SAMPLES] at 16 kHz in [-1, 1]; the last one of a stream may be shorter."""

    @property
    def due_s(self) -> float:
        """When its last sample ends: it is complete then."""
        return self.time_s + len(self.waveform) / SAMPLE_RATE_HZ


class AudioBlocks:
    """Resamples and cuts one stream of mono sound, without clicks at the borders of what comes in.

    Times follow the count of samples, so they are even. They are set right where the stamps of what comes in depart from the
    count by more than `TOLERANCE_S`: what is missing becomes silence (up to `MAX_FILL_S`) or a later time, what is there twice is
    left out. Time never goes back, and what lies before 0 is cut off.
    """

    def __init__(self) -> None:
        self._rate_hz = 0
        self._resampler: soxr.ResampleStream | None = None
        self._in_start_s = 0.0
        self._in_samples = 0
        self._out_start_s = 0.0
        self._out_samples = 0
        self._held: Float32 = _NOTHING

    def push(self, waveform: Float32, sample_rate_hz: int, time_s: float | None) -> list[SoundBlock]:
        """Take the next sound and give the blocks that are complete.

        Args:
            waveform: [samples], mono.
            sample_rate_hz: May change between calls.
            time_s: Of the first sample; None where the stream does not say: it follows what came before.
        """
        if not waveform.shape[0]:
            return []
        if not self._rate_hz:  # the first sound
            self._start_at(time_s or 0.0)
        if sample_rate_hz != self._rate_hz:
            self._change_rate(sample_rate_hz)
        expected_s = self._in_start_s + self._in_samples / sample_rate_hz
        late_s = 0.0 if time_s is None else time_s - expected_s
        blocks = []
        if late_s > MAX_FILL_S:
            blocks = self._break(expected_s + late_s)
        elif late_s > TOLERANCE_S:
            waveform = np.concatenate([np.zeros(round(late_s * sample_rate_hz), np.float32), waveform])
        elif late_s < -TOLERANCE_S:
            waveform = waveform[round(-late_s * sample_rate_hz) :]
        before_zero = max(0, round(-self._in_start_s * sample_rate_hz) - self._in_samples)
        self._in_samples += min(before_zero, waveform.shape[0])
        waveform = waveform[before_zero:]
        self._in_samples += waveform.shape[0]
        self._hold(self._resampler.resample_chunk(waveform) if self._resampler else waveform)
        return blocks + self._whole_blocks()

    def flush(self) -> list[SoundBlock]:
        """The end of the stream: whatever is still held; the last block may be shorter."""
        self._drain()
        blocks = self._whole_blocks()
        if self._held.shape[0]:
            blocks.append(self._block(self._held))
            self._held = _NOTHING
        return blocks

    def _change_rate(self, sample_rate_hz: int) -> None:
        """Go on at another rate, at the very sample where the old one ended."""
        if self._rate_hz:
            self._drain()
            self._in_start_s += self._in_samples / self._rate_hz
            self._in_samples = 0
        self._rate_hz = sample_rate_hz
        self._drain()

    def _break(self, time_s: float) -> list[SoundBlock]:
        """End the sound here, its last block filled up with silence, and start again at `time_s`."""
        self._drain()
        self._hold(np.zeros(-self._held.shape[0] % CHUNK_SAMPLES, np.float32))
        blocks = self._whole_blocks()
        self._start_at(time_s)
        return blocks

    def _start_at(self, time_s: float) -> None:
        self._in_start_s, self._in_samples = time_s, 0
        self._out_start_s, self._out_samples = max(time_s, 0.0), 0

    def _drain(self) -> None:
        """Take out what the resampler still holds, and leave a new one in its place."""
        import soxr

        if self._resampler is not None:
            self._hold(self._resampler.resample_chunk(_NOTHING, last=True))
        same_rate = self._rate_hz in (0, SAMPLE_RATE_HZ)
        self._resampler = None if same_rate else soxr.ResampleStream(self._rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def _hold(self, waveform: Float32) -> None:
        # A resampler overshoots at steep edges, and some decoders give more than full scale.
        self._held = np.concatenate([self._held, np.clip(waveform, -1.0, 1.0)])

    def _whole_blocks(self) -> list[SoundBlock]:
        end = self._held.shape[0] - self._held.shape[0] % CHUNK_SAMPLES
        blocks = [self._block(self._held[i : i + CHUNK_SAMPLES]) for i in range(0, end, CHUNK_SAMPLES)]
        self._held = self._held[end:]
        return blocks

    def _block(self, waveform: Float32) -> SoundBlock:
        block = SoundBlock(self._out_start_s + self._out_samples / SAMPLE_RATE_HZ, waveform)
        self._out_samples += waveform.shape[0]
        return block
