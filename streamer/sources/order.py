"""Two streams of items as one, in the order of the moments at which they are complete."""

from collections.abc import Iterator
from enum import Enum
from typing import Generic, Literal, Protocol, TypeVar


class Late(Enum):
    """Stands in for the next item of a stream that lies too far ahead in its file to wait for."""

    LATE = "late"


class Due(Protocol):
    """What has a place in the order."""

    @property
    def due_s(self) -> float:
        """When it is complete, on the stream clock."""
        ...


Item = TypeVar("Item", bound=Due)
Stream = Iterator[Item | Literal[Late.LATE]]


def in_order(left: Stream[Item], right: Stream[Item]) -> Iterator[Item]:
    """Both streams, the left one first where both are due at once.

    A stream that answers `LATE` is passed over until the other has moved by one item, and then asked again: no stream waits for ever.
    """
    readers = (_Reader(left), _Reader(right))
    while not all(reader.ended for reader in readers):
        ready = [reader for reader in readers if reader.item is not None]
        first = min(ready, key=_Reader.due_s) if ready else None
        if first is not None and first.item is not None:
            yield first.item
            first.advance()
        for reader in readers:
            if reader.late and reader is not first:
                reader.advance()


class _Reader(Generic[Item]):
    """One item ahead in a stream."""

    def __init__(self, stream: Stream[Item]) -> None:
        self._stream = stream
        self.advance()

    def advance(self) -> None:
        item = next(self._stream, None)
        self.late = item is Late.LATE
        self.ended = item is None
        self.item = None if item is Late.LATE else item

    def due_s(self) -> float:
        return float("inf") if self.item is None else self.item.due_s
