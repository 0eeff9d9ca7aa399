"""Packets of a file, handed out stream by stream with a bounded look-ahead."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from streamer.sources.order import Late
from streamer.sources.timeline import Timeline
from streamer.sources.trouble import CountedTrouble

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.error import FFmpegError
    from av.packet import Packet
    from av.stream import Stream

LOOK_AHEAD_S: Final = 10.0
"""How much of one stream is held while the other one is looked for."""
MAX_READ_ERRORS: Final = 10
"""In a row: then the rest of the file is given up; at once where nothing came in time."""


Item = TypeVar("Item")


class PacketQueues:
    """Reads one container for two readers, its sound and its pictures, each at its own speed."""

    def __init__(
        self, container: "InputContainer", streams: list["Stream"], timeline: Timeline, damage: CountedTrouble
    ) -> None:
        self._container = container
        self._streams = streams
        self._timeline = timeline
        self._damage = damage
        self._queues: dict[int, deque[tuple[float | None, Packet[Any]]]] = {s.index: deque() for s in streams}
        self._packets = container.demux(*streams)
        self._errors_in_a_row = 0
        self._ended = False
        self.given_up: FFmpegError | None = None
        """Why the rest could not be read; None: it could, or is still to be read."""

    def next(self, stream: "Stream") -> "Packet[Any] | Literal[Late.LATE] | None":
        """The next packet of a stream; `LATE` where the others must be taken first; None at the end."""
        queue = self._queues[stream.index]
        while not queue and not self._ended:
            if any(self._span_s(other) > LOOK_AHEAD_S for other in self._queues.values()):
                return Late.LATE
            self._read()
        return queue.popleft()[1] if queue else None

    @staticmethod
    def _span_s(queue: "deque[tuple[float | None, Packet[Any]]]") -> float:
        if not queue:
            return 0.0
        first_s, last_s = queue[0][0], queue[-1][0]
        # Packets without stamps are few; an hour of them is still a bounded number.
        return last_s - first_s if first_s is not None and last_s is not None else len(queue) / 100.0

    def _read(self) -> None:
        import av

        try:
            packet = next(self._packets)
        except StopIteration:
            self._ended = True
            self._count_damage()
        except av.FFmpegError as err:
            self._errors_in_a_row += 1
            if isinstance(err, av.error.ExitError) or self._errors_in_a_row >= MAX_READ_ERRORS:
                self._ended, self.given_up = True, err
            self._packets = self._container.demux(*self._streams)  # goes on behind the damage, where the format can
        else:
            self._count_damage()
            if packet.size:  # the empty ones at the end ask decoders to flush: that is done by who decodes
                self._queues[packet.stream_index].append((self._timeline.place(packet), packet))

    def _count_damage(self) -> None:
        """What could not be read lies behind us: it was damaged, and the way to it was not broken."""
        if self._errors_in_a_row:
            self._damage.failed(self._timeline.length_s)
            self._errors_in_a_row = 0


def decoded(
    queues: PacketQueues, stream: "Stream", decode: "Callable[[Packet[Any] | None], Sequence[Item]]"
) -> Iterator[Item | Literal[Late.LATE]]:
    """Everything that one stream holds, to the last frame in its decoder."""
    while (packet := queues.next(stream)) is not None:
        if packet is Late.LATE:
            yield Late.LATE
        else:
            yield from decode(packet)
    yield from decode(None)
