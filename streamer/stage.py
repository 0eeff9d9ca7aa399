"""A stage is a function; its thread, its end and its failure are handled here."""

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from streamer.channel import Channel, Closed
from streamer.errors import StageError

In = TypeVar("In")
Out = TypeVar("Out")


def transform(
    source: Channel[In],
    step: Callable[[In], Iterable[Out]],
    target: Channel[Out],
    at_end: Callable[[], Iterable[Out]] = tuple,
) -> Callable[[], None]:
    """A stage that turns each item into any number of others, and flushes what it holds when its input ends."""

    def run() -> None:
        try:
            while True:
                for out in step(source.get()):
                    target.put(out)
        except Closed:
            for out in at_end():  # what is still held counts
                target.put(out)
        finally:
            source.abandon()  # a writer must not wait for a dead reader
            target.close()

    return run


class Supervisor:
    """The threads of one source. The first failure stops them all and is told; other sources have their own."""

    def __init__(self, name: str, on_failure: Callable[[StageError], None]) -> None:
        self._name = name
        self._on_failure = on_failure
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._failed = False

    def start(self, stage: str, run: Callable[[], None]) -> None:
        """Run a stage in a thread of its own."""

        def guarded() -> None:
            try:
                run()
            except Closed:
                return  # the neighbour ended first
            except Exception as err:  # noqa: BLE001 - whatever it is, it ends this source and is told by name
                with self._lock:
                    first, self._failed = not self._failed, True
                if first:
                    self._on_failure(StageError(stage, err))

        thread = threading.Thread(target=guarded, name=f"{self._name}/{stage}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for all stages; True when they have ended."""
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)
