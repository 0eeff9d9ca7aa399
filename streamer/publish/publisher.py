"""The thread that owns the sinks: stages put drafts in, and everybody reads the same events in the same order."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self

from streamer import __version__
from streamer.channel import Channel, Closed, WhenFull
from streamer.errors import PublishError
from streamer.publish.following import MOST_UTTERANCES, Following
from streamer.publish.sinks import SINKS, Sink
from streamer.publish.stamp import Draft, Stamper
from streamer.settings import PublishSettings
from streamer.stage import show_to_the_system
from streamer.wire import UNSTAMPED, Event, Heartbeat

INBOX: Final = 256
"""Drafts that may wait. The thread never waits for a subscriber, so only a stalled disk fills it; then the stages wait, and capture
drops what is oldest."""
SERVE_EVERY_S: Final = 0.05
HEARTBEAT_EVERY_S: Final = 1.0
END_S: Final = 5.0
"""How long what was put may take to be published at the end."""

_log = logging.getLogger(__name__)


class Publisher:
    """Opens every sink that the settings ask for, and publishes until it is closed.

    Raises:
        ConfigError: the address needs keys, or is none.
        PublishError: it is taken, or the recording cannot be written.
    """

    def __init__(self, settings: PublishSettings, sources: Iterable[str], *, session: str) -> None:
        self._sources = list(sources)
        self._stamper = Stamper(session)
        self._inbox = Channel[Draft]("publish", INBOX, WhenFull.WAIT)
        self._followers: tuple[Following, ...] = ()
        self._ended = False
        self._following = threading.Lock()
        """For the two above: who follows at the very end must still be told that it is one."""
        self._subscribed = threading.Event()
        self._published = 0
        self._sink_failure: str | None = None
        self._failure: BaseException | None = None
        self._overdue: PublishError | None = None
        self._in_use = ""
        """The address of the sink that has its turn."""
        self._started_s = time.monotonic()
        self._sinks: dict[str, Sink] = {}
        with ExitStack() as opened:
            for name, wanted in SINKS.items():
                if (sink := wanted(settings)) is not None:
                    self._sinks[name] = sink
                    opened.callback(sink.close)
            opened.pop_all()
        self.addresses = {name: sink.address for name, sink in self._sinks.items()}
        """Where events go, by sink: `zmq` is the endpoint as it was bound, `jsonl` the recording."""
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)
        self._thread.start()

    def put(self, draft: Draft) -> None:
        """Publish; from any thread, in the order in which it is called. What was accepted is published before `close` returns.

        Raises:
            PublishError: the publisher was closed, or has failed.
        """
        try:
            self._inbox.put(draft)
        except Closed:
            raise PublishError(f"publish: {self._failure or 'closed'}, nothing more is published") from self._failure

    def follow(self, capacity: int = 1000, most_utterances: int = MOST_UTTERANCES) -> Following:
        """All events from now on, for a reader in this process: the same that a subscriber gets, and an end after the last one.

        Who reads slowly loses of the utterances none but those before the last `most_utterances`, of the other events those before the
        last `capacity`.
        """
        events = Following(capacity, most_utterances)
        with self._following:
            self._followers = (*self._followers, events)
            if self._ended:
                events.close()
        return events

    def wait_for_subscriber(self, timeout_s: float) -> bool:
        """Wait until somebody has subscribed, now or before; True when somebody has."""
        return self._subscribed.wait(timeout_s)

    def close(self, timeout_s: float = END_S) -> bool:
        """Publish what was put, and end; True when that was done within the time, which a disk that hangs prevents: then once is enough."""
        self._inbox.close()
        self._thread.join(timeout_s if self._overdue is None else 0.0)
        ended = not self._thread.is_alive()
        self._overdue = None if ended else PublishError(f"{self._in_use}: hangs, not all was written")
        return ended

    @property
    def failure(self) -> BaseException | None:
        """Why not all that was put is published: what ended the publishing, or still holds it up. To be asked after `close`."""
        return self._failure or self._overdue

    @property
    def sink_failure(self) -> str | None:
        """Which sink could not write any more, such as a recording on a full disk, and why; the others went on."""
        return self._sink_failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        show_to_the_system("publish")
        try:
            self._publish_all()
        except Exception as err:  # noqa: BLE001 - whatever it is, `failure` and the next `put` tell it
            self._failure = err
        finally:
            self._inbox.abandon()
            with self._following:
                self._ended = True
                for events in self._followers:
                    events.close()
            for sink in self._sinks.values():
                sink.close()

    def _publish_all(self) -> None:
        heartbeat_s = time.monotonic()
        while True:
            try:
                self._write(self._stamper.stamp(self._inbox.get(SERVE_EVERY_S)))
                self._published += 1
            except TimeoutError:  # nothing to publish: subscribers and the heartbeat still have their turn
                pass
            except Closed:
                return
            self._with_sinks(self._serve)
            now_s = time.monotonic()
            if now_s >= heartbeat_s:
                heartbeat_s = max(heartbeat_s + HEARTBEAT_EVERY_S, now_s)  # those that a stall held up stay away
                self._write(self._stamper.stamp(Draft(self._heartbeat())))

    def _write(self, event: Event) -> None:
        self._with_sinks(lambda sink: sink.write(event))
        for events in self._followers:
            with suppress(Closed):  # its reader has gone
                events.put(event)

    def _serve(self, sink: Sink) -> None:
        if sink.serve():
            self._subscribed.set()

    def _with_sinks(self, use: Callable[[Sink], None]) -> None:
        """Each in its turn; one that fails is closed, told and done without."""
        for name, sink in list(self._sinks.items()):
            self._in_use = sink.address
            try:
                use(sink)
            except PublishError as err:
                self._sink_failure = str(err)
                _log.error("%s", err)
                del self._sinks[name]
                sink.close()

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            **UNSTAMPED,
            source=None,
            version=__version__,
            uptime_s=round(time.monotonic() - self._started_s, 1),
            sources=self._sources,
            published=self._published,
            overflows=sum(sink.overflows for sink in self._sinks.values()),
            error=self._sink_failure,
        )
