"""Calls of several threads as one, without waiting for a batch to fill: whoever comes while the network is busy goes with the next run."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

MOST: Final = 8
"""Calls in one run: more would make those in it wait for each other longer than they gain."""

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class _Call(Generic[Given, Answer]):
    def __init__(self, given: Given) -> None:
        self.given = given
        self.answers: list[Answer] = []
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.answers) or self.error is not None


class Batcher(Generic[Given, Answer]):
    """Runs one batch at a time, on the thread of one of its callers: there is no thread of its own, and a call alone waits for nobody."""

    def __init__(self, run: Callable[[Sequence[Given]], Sequence[Answer]], most: int = MOST) -> None:
        """`run` gives an answer to each call of a batch, in their order."""
        self._run = run
        self._most = most
        self._waiting: list[_Call[Given, Answer]] = []
        self._busy = False
        self._changed = threading.Condition()

    def call(self, given: Given) -> Answer:
        """The answer, after one run, or two where one goes on already. Raises what `run` raises."""
        own: _Call[Given, Answer] = _Call(given)
        with self._changed:
            self._waiting.append(own)
        while (batch := self._next(own)) is not None:
            try:
                self._answer(batch)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
        if own.error is not None:
            raise own.error
        return own.answers[0]

    def _next(self, own: _Call[Given, Answer]) -> list[_Call[Given, Answer]] | None:
        """The oldest calls, for this thread to run; None when its own was answered."""
        with self._changed:
            self._changed.wait_for(lambda: own.done or not self._busy)
            if own.done:
                return None
            self._busy = True
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return batch

    def _answer(self, batch: list[_Call[Given, Answer]]) -> None:
        try:
            for call, answer in zip(batch, self._run([call.given for call in batch]), strict=True):
                call.answers.append(answer)
        except BaseException as err:  # noqa: BLE001 - whatever it is: each caller is told
            if len(batch) == 1 or not isinstance(err, Exception):
                for call in batch:
                    call.error = err
                return
            for call in batch:  # one that cannot be run must not take the others with it
                call.answers.clear()
                self._answer([call])
