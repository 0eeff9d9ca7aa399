"""Where events go. To add a sink: write a file beside this one, and add its line to `SINKS`."""

from collections.abc import Callable
from typing import Final, Protocol

from streamer.publish.jsonl_sink import JsonlSink
from streamer.publish.zmq_sink import ZmqSink
from streamer.settings import PublishSettings
from streamer.wire import Event


class Sink(Protocol):
    """Opened and closed once; all other calls come from the publisher's thread, and none of them may wait."""

    @property
    def address(self) -> str:
        """What a person would call it: an endpoint, a file."""

    @property
    def overflows(self) -> int:
        """How often a reader was found too slow."""

    def write(self, event: Event) -> None:
        """Take the next event.

        Raises:
            PublishError: nothing more can be written here.
        """

    def serve(self) -> bool:
        """Answer what readers ask, every 50 ms or oftener; True when a new one has come.

        Raises:
            PublishError: nobody can ask here any more.
        """

    def close(self) -> None:
        """Hand on what was written, within bounded time."""


SINKS: Final[dict[str, Callable[[PublishSettings], Sink | None]]] = {
    "zmq": ZmqSink,
    "jsonl": JsonlSink.wanted,
}
"""Each opens itself as the settings say, or is None where they do not ask for it; PublishError where it cannot."""
