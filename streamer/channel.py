"""The bounded queue between two stages, which says what happens when it is full."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WhenFull(Enum):
    """Live capture drops the oldest item; a file waits."""

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"


class Closed(Exception):  # noqa: N818 - no error: the ordinary end of a stream, as StopIteration is
    """Nothing more will come (reader), or nobody reads any more (writer)."""


class Channel(Generic[Item]):
    """One writer's way to one reader. After `close`, the reader still gets what is queued, the writer gets `Closed`."""

    def __init__(self, name: str, capacity: int, when_full: WhenFull) -> None:
        self.name = name
        self.capacity = capacity
        self.when_full = when_full
        self.dropped = 0
        """Items lost since the start, because the reader was too slow."""
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, item: Item) -> None:
        """Hand an item on.

        Raises:
            Closed: the reader has gone, or the channel was closed.
        """
        self.put_all((item,))

    def put_all(self, items: Sequence[Item]) -> None:
        """Hand several on, for which the reader is woken once: waking costs more than most items.

        Raises:
            Closed: as `put`.
        """
        with self._changed:
            for item in items:
                while self.when_full is WhenFull.WAIT and len(self._items) >= self.capacity and not self._closed:
                    self._changed.notify_all()  # the reader may sleep, with the first of them there
                    self._changed.wait()
                if self._closed:
                    raise Closed
                if len(self._items) >= self.capacity:
                    self._items.popleft()
                    self.dropped += 1
                self._items.append(item)
            self._changed.notify_all()

    def wait_while(self, is_too_old: Callable[[Item], bool]) -> None:
        """The writer's: wait until the oldest item that is queued is none of those, where items are bounded by time, not by number."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._items or not is_too_old(self._items[0]))

    def get(self, timeout_s: float | None = None) -> Item:
        """The oldest item; waits for one.

        Raises:
            Closed: the channel is closed and empty.
            TimeoutError: nothing came within `timeout_s`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._items or self._closed, timeout_s):
                raise TimeoutError(f"{self.name}: nothing within {timeout_s} s")
            if not self._items:
                raise Closed
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """The writer's end: what is queued is still read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """The reader's end: what is queued is worthless, and a writer that waits is let go."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._items)
