"""What a source tells while something is wrong: when it starts, and when it is over."""

import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Final

OnTrouble = Callable[[str | None], None]
"""Called with one line when trouble starts or changes, and with None when it is over."""

CLEAR_AFTER_S: Final = 5.0
"""Trouble that comes and goes is over when this much of the stream was good."""


def retry_delays_s() -> Iterator[float]:
    """How long to wait before each attempt to get a lost device or stream back."""
    return chain((1.0, 2.0, 4.0, 8.0), repeat(10.0))


class Troubles:
    """Several parts of one source (a camera and a microphone) tell theirs through one callback."""

    def __init__(self, on_trouble: OnTrouble) -> None:
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._open: dict[str, str] = {}

    def part(self, name: str) -> OnTrouble:
        """The callback of one part."""

        def tell(trouble: str | None) -> None:
            with self._lock:
                before = dict(self._open)
                if trouble is None:
                    self._open.pop(name, None)
                else:
                    self._open[name] = trouble
                if self._open != before:
                    self._on_trouble("; ".join(self._open.values()) or None)

        return tell


class CountedTrouble:
    """Counts one kind of failure that does not end a stream (damaged packets, lost blocks), and tells it while it is going on.

    Times are of any clock. Where it starts again, the time that the stream must be good starts again with it.
    """

    def __init__(self, on_trouble: OnTrouble, message: str, clear_after_s: float = CLEAR_AFTER_S) -> None:
        """None so far.

        Args:
            on_trouble: The callback.
            message: With `{count}` in it.
            clear_after_s: It is over when this much of the stream was good; never over (infinity) in a recording, of which what is
                missing stays missing.
        """
        self._on_trouble = on_trouble
        self._message = message
        self._clear_after_s = clear_after_s
        self._last_s: float | None = None
        self.count = 0

    def failed(self, time_s: float) -> None:
        """One more, at this time of the stream."""
        self.count += 1
        self._last_s = time_s
        self._on_trouble(self._message.format(count=self.count))

    def went_well(self, time_s: float) -> None:
        """The stream is good at this time."""
        if self._last_s is None:
            return
        self._last_s = min(self._last_s, time_s)  # a new connection has a clock of its own, which may be behind
        if time_s - self._last_s >= self._clear_after_s:
            self._last_s = None
            self._on_trouble(None)
