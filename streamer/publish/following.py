"""What one reader in this process gets: it never holds the publisher up, and who reads slowly loses what a later event says again."""

import threading
from collections import deque
from typing import Final

from streamer.channel import Closed
from streamer.wire import Event, Utterance

MOST_UTTERANCES: Final = 20_000
"""A day of talk, about 100 MB. A view that nobody reads must not fill the memory of a daemon that runs for months."""


class Following:
    """All events of a publisher from some moment on, in their order, and an end after the last one.

    When it is full, the oldest event that is no utterance is dropped: states and partials are superseded by the next. Of utterances
    the last `most_utterances` are kept.
    """

    def __init__(self, capacity: int, most_utterances: int = MOST_UTTERANCES) -> None:
        """`capacity`: events, utterances not counted, that wait at most."""
        self.dropped = 0
        """Events other than utterances that were lost, because the reader was too slow."""
        self.lost = 0
        """Utterances that were."""
        self._count = 0
        self._utterances: deque[tuple[int, Event]] = deque()
        self._others: deque[tuple[int, Event]] = deque()
        self._capacity = capacity
        self._most_utterances = most_utterances
        self._changed = threading.Condition()
        self._closed = False

    def put(self, event: Event) -> None:
        """The publisher's: never waits.

        Raises:
            Closed: nobody reads any more.
        """
        with self._changed:
            if self._closed:
                raise Closed
            if isinstance(event, Utterance):
                self.lost += _append(self._utterances, (self._count, event), self._most_utterances)
            else:
                self.dropped += _append(self._others, (self._count, event), self._capacity)
            self._count += 1
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> Event:
        """The oldest event; waits for one.

        Raises:
            Closed: there are no more.
            TimeoutError: nothing came within `timeout_s`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self) or self._closed, timeout_s):
                raise TimeoutError(f"follow: nothing within {timeout_s} s")
            waiting = [queued for queued in (self._utterances, self._others) if queued]
            if not waiting:
                raise Closed
            return min(waiting, key=lambda queued: queued[0][0]).popleft()[1]

    def close(self) -> None:
        """The publisher's end: what waits is still read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """The reader's end: what waits is worthless."""
        with self._changed:
            self._closed = True
            self._utterances.clear()
            self._others.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._utterances) + len(self._others)


def _append(queued: deque[tuple[int, Event]], item: tuple[int, Event], capacity: int) -> int:
    """How many were dropped for it."""
    queued.append(item)
    if len(queued) <= capacity:
        return 0
    queued.popleft()
    return 1
