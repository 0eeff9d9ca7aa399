"""A stage is a function; its thread, its end and its failure are handled here."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
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
    while_idle: Callable[[float], Iterable[Out]] = lambda _: (),
    idle_s: float | None = None,
) -> Callable[[], None]:
    """A stage that turns each item into any number of others, and flushes what it holds when its input ends.

    `while_idle` is asked again after each `idle_s` in which nothing comes, with the seconds since the last item: a microphone that was
    pulled out must not keep an utterance open.
    """

    def hand_on(items: Iterable[Out]) -> None:
        given: list[Out] = []
        try:
            given.extend(items)
        finally:
            target.put_all(given)  # of a step that fails, what it gave before counts

    def run() -> None:
        last_s = time.monotonic()
        try:
            while True:
                try:
                    item = source.get(idle_s)
                except TimeoutError:
                    hand_on(while_idle(time.monotonic() - last_s))
                else:
                    hand_on(step(item))
                    last_s = time.monotonic()
        except Closed:
            hand_on(at_end())  # what is still held counts
        finally:
            source.abandon()  # a writer must not wait for a dead reader
            target.close()

    return run


def consume(
    source: Channel[In], step: Callable[[In], None], at_end: Callable[[], None] = lambda: None
) -> Callable[[], None]:
    """A stage at the end of a way: it hands nothing on, and finishes when its input ends."""

    def run() -> None:
        try:
            while True:
                step(source.get())
        except Closed:
            return
        finally:
            source.abandon()
            at_end()

    return run


class Supervisor:
    """The threads of one source. The first failure is told by the name of its stage; other sources have their own supervisor."""

    def __init__(
        self,
        name: str,
        stages: Mapping[str, Callable[[], None]],
        *,
        on_failure: Callable[[StageError], None],
        on_end: Callable[[], None],
    ) -> None:
        """`on_failure` is called once, with the first error; `on_end` once, when the last stage has ended. Both from a stage's thread."""
        self._on_failure = on_failure
        self._on_end = on_end
        self._lock = threading.Lock()
        self._failed = False
        self._running = len(stages)
        self._threads = [
            threading.Thread(target=self._guarded, args=(stage, run), name=f"{name}/{stage}", daemon=True)
            for stage, run in stages.items()
        ]

    def start(self) -> None:
        """Run each stage in a thread of its own, in the given order."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for all stages; True when they have ended."""
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _guarded(self, stage: str, run: Callable[[], None]) -> None:
        show_to_the_system(stage)
        try:
            run()
        except Closed:
            pass  # the neighbour ended first: an ordinary end
        except Exception as err:  # noqa: BLE001 - whatever it is, it ends this source and is told by name
            with self._lock:
                first, self._failed = not self._failed, True
            if first:
                self._on_failure(StageError(stage, err))
        finally:
            with self._lock:
                self._running -= 1
                last = self._running == 0
            if last:
                self._on_end()


def show_to_the_system(stage: str) -> None:
    """Name this thread as `top -H` shows it: what each stage costs can be seen from outside. Linux only, 15 characters."""
    with suppress(OSError):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(stage, encoding="utf-8")
