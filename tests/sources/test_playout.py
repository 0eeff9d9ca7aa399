"""Bursts that become even, and a stream that is no later than it must be."""

import numpy as np
import pytest

from streamer.sources.playout import PlayOut


def left_s(arrivals: list[tuple[float, float]]) -> list[float]:
    """When items leave: (due_s, arrived_s) of each. Who reads waits for one item before he takes the next."""
    play_out, leaves = PlayOut(), list[float]()
    for due_s, arrived_s in arrivals:
        leaves.append(play_out.leaves_s(due_s, max(arrived_s, leaves[-1] if leaves else arrived_s)))
    return leaves


def test_what_comes_in_bursts_leaves_in_its_own_time() -> None:
    due_s = [index * 0.04 for index in range(300)]
    leaves = left_s([(due, 100.0 + due // 4 * 4) for due in due_s])  # four seconds at once, in time
    assert np.diff(leaves) == pytest.approx(0.04)
    assert leaves[0] == 100.0


def test_a_burst_that_comes_late_puts_off_what_follows_once() -> None:
    due_s = [index * 0.04 for index in range(300)]
    late_s = [0.0 if due < 4 else 1.5 for due in due_s]
    leaves = left_s([(due, 100.0 + due // 4 * 4 + late) for due, late in zip(due_s, late_s, strict=True)])
    assert [step for step in np.diff(leaves) if step > 0.05] == pytest.approx([1.54])
    assert leaves[-1] == pytest.approx(100.0 + due_s[-1] + 1.5)


def test_sound_that_is_stored_behind_its_pictures_puts_nothing_off() -> None:
    pairs = [[(index * 0.04 + 0.6, 100.0), (index * 0.04, 100.0)] for index in range(100)]
    leaves = left_s([item for pair in pairs for item in pair])
    assert np.diff(leaves[::2]) == pytest.approx(0.04)
    assert leaves[1::2] == leaves[::2]


def test_where_the_stream_has_skipped_a_part_what_follows_leaves_at_once() -> None:
    assert left_s([(0.0, 100.0), (0.04, 100.0), (8.0, 100.1), (8.04, 100.1)]) == pytest.approx(
        [100, 100.04, 100.1, 100.14]
    )
