import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamer.inference.batching import Batcher


class Slow:
    """A network that is busy until it is told to go on, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, given: Sequence[int]) -> list[int]:
        self.batches.append(list(given))
        self.begun.set()
        assert self.go_on.wait(10)
        if 13 in given:
            raise ValueError("13 cannot be run")
        return [10 * number for number in given]


def while_busy(slow: Slow, call: Callable[[int], int], later: Sequence[int], batcher: "Batcher[int, int]") -> list[int]:
    """The answers to a first call, 0, and to those that come while it runs."""
    with ThreadPoolExecutor(1 + len(later)) as threads:
        answers = [threads.submit(call, 0)]
        slow.begun.wait(10)
        for number in later:  # one after the other, so that their order is known
            answers.append(threads.submit(call, number))
            while len(batcher._waiting) < len(answers) - 1:
                pass
        slow.go_on.set()
        return [answer.result(10) for answer in answers]


def test_a_call_alone_runs_at_once_and_alone() -> None:
    slow = Slow()
    slow.go_on.set()
    batcher = Batcher(slow)
    assert [batcher.call(1), batcher.call(2)] == [10, 20]
    assert slow.batches == [[1], [2]]


def test_what_comes_while_a_call_runs_goes_together_with_the_next_run() -> None:
    slow = Slow()
    batcher = Batcher(slow)
    assert while_busy(slow, batcher.call, [1, 2, 3], batcher) == [0, 10, 20, 30]
    assert slow.batches == [[0], [1, 2, 3]]


def test_no_run_takes_more_than_the_most() -> None:
    slow = Slow()
    batcher = Batcher(slow, most=2)
    assert while_busy(slow, batcher.call, [1, 2, 3], batcher) == [0, 10, 20, 30]
    assert slow.batches == [[0], [1, 2], [3]]


def test_an_error_reaches_only_the_call_that_caused_it() -> None:
    slow = Slow()
    batcher = Batcher(slow)

    def call(number: int) -> int:
        if number != 13:
            return batcher.call(number)
        with pytest.raises(ValueError, match="13 cannot be run"):
            batcher.call(number)
        return -1

    assert while_busy(slow, call, [1, 13, 3], batcher) == [0, 10, -1, 30]
    assert batcher.call(4) == 40
