"""Samples by position, however long the stream."""

import numpy as np
import pytest

from streamer.segment.waveform_memory import WaveformMemory


def test_positions_stay_true_while_old_samples_are_forgotten() -> None:
    memory = WaveformMemory()
    for block in range(2000):
        memory.append(np.arange(block * 500, (block + 1) * 500, dtype=np.float32))
        memory.forget_before(max(0, memory.end - 3000))
        start = max(0, memory.end - 1200)
        assert memory.between(start, start + 500).tolist() == list(range(start, start + 500))
    assert memory._samples.nbytes < 1_000_000


def test_what_is_handed_out_does_not_change_with_what_comes_after() -> None:
    memory = WaveformMemory()
    memory.append(np.ones(10, np.float32))
    held = memory.between(0, 10)
    memory.forget_before(10)
    memory.append(np.zeros(100_000, np.float32))
    assert held.tolist() == [1] * 10


def test_samples_not_heard_yet_are_an_error() -> None:
    memory = WaveformMemory()
    memory.append(np.ones(10, np.float32))
    with pytest.raises(IndexError, match=r"5\.\.11 .* 0\.\.10"):
        memory.between(5, 11)
