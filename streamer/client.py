"""The typed reader of a daemon's stream.

from streamer.client import subscribe

with subscribe("tcp://127.0.0.1:5599", topics=["utterance"]) as events:
    for event in events:
        print(event.source, event.emotion.label, event.transcript)
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import zmq
from zmq.utils.monitor import recv_monitor_message

from streamer.errors import WireError
from streamer.publish.curve import secure_client
from streamer.publish.endpoint import is_address, is_ipv6
from streamer.publish.keepalive import keep_alive
from streamer.settings import DEFAULT_BIND
from streamer.wire import KINDS, Event, decode

_ADDRESSES: Final = f"write {DEFAULT_BIND} or ipc:///path"
_REFUSALS: Final[dict[int, int]] = {
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: 1,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: 1,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: 3,
}
"""How often in a row each must happen to be a refusal; the last also happens when a daemon ends at the wrong moment."""


class Events(Protocol):
    """Where events come from: a `Subscription`, or a publisher's `follow()` in the same process."""

    def get(self, timeout_s: float | None = None) -> Event:
        """The next one.

        Raises:
            streamer.channel.Closed: there are no more.
            TimeoutError: none came in time.
        """


class Subscription:
    """Events as they come, from a daemon that may start later, end, and start again. For one thread."""

    def __init__(
        self,
        endpoint: str,
        topics: str | Iterable[str] = "",
        *,
        keys: Path | None = None,
        timeout_s: float | None = None,
    ) -> None:
        if not is_address(endpoint) or endpoint.endswith(":*"):
            raise WireError(f"{endpoint!r} is no address of a publisher; {_ADDRESSES}")
        self.endpoint = endpoint
        self.lost: defaultdict[str, int] = defaultdict(int)
        """Events that were published and never came, by topic."""
        self.answered = False
        """Whether anything that speaks ZeroMQ has been found at the address so far; known while events are waited for."""
        self._timeout_s = timeout_s
        self._refused: Counter[int] = Counter()
        self._last: dict[str, tuple[str, int]] = {}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.linger = 0
        try:
            self._connect(topics, keys)
        except BaseException:
            self.close()
            raise

    def _connect(self, topics: str | Iterable[str], keys: Path | None) -> None:
        keep_alive(self._socket)
        self._socket.ipv6 = is_ipv6(self.endpoint)
        if keys is not None:
            secure_client(self._socket, keys)
        for topic in (topics,) if isinstance(topics, str) else topics:  # a text is one topic, not a row of letters
            self._socket.subscribe(topic)
        self._monitor = self._socket.get_monitor_socket(sum(_REFUSALS) | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        try:
            self._socket.connect(self.endpoint)
        except zmq.ZMQError as err:
            raise WireError(f"{self.endpoint}: cannot listen there ({err.strerror}); {_ADDRESSES}") from err

    def get(self, timeout_s: float | None = None) -> Event:
        """The next event; skips kinds that this version does not know, and states that it has seen.

        Raises:
            TimeoutError: nothing came within `timeout_s`.
            WireError: what came is no event of this schema, or the daemon refused the key; the next call reads on.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            topic, payload = self._receive(until_s)
            if topic.partition(".")[0] not in KINDS:
                continue
            try:
                event = decode(payload)
            except WireError as err:
                raise WireError(f"{self.endpoint}, {topic}: {err}") from err
            if self._is_new(topic, event):
                return event

    def _receive(self, until_s: float | None) -> tuple[str, bytes]:
        while True:
            wait_ms = None if until_s is None else max(0, round((until_s - time.monotonic()) * 1000))
            ready = dict(self._poller.poll(wait_ms))
            if not ready:
                raise TimeoutError(f"{self.endpoint}: nothing came; is a streamer running there?")
            if self._socket in ready:
                self._refused.clear()
                frames = self._socket.recv_multipart()
                if len(frames) != 2:
                    raise WireError(
                        f"{self.endpoint}: what came is no event of a streamer (parts: {len(frames)}, expected: 2); "
                        "does another program publish there?"
                    )
                topic, payload = frames
                return topic.decode(errors="replace"), payload
            kind = recv_monitor_message(self._monitor)["event"]
            if kind not in _REFUSALS:
                self.answered = True
                continue
            self._refused[kind] += 1
            if self._refused[kind] >= _REFUSALS[kind]:
                self._refused.clear()
                raise WireError(
                    f"{self.endpoint}: the daemon and this reader do not know each other's keys; give the folder that "
                    "`streamer keys` made for this reader (--keys DIR/NAME), and none for a daemon without keys"
                )

    def _is_new(self, topic: str, event: Event) -> bool:
        """Keeps count of each topic; a new session begins anew."""
        session, seq = self._last.get(topic, (event.session, event.seq - 1))
        if session == event.session:
            if event.seq <= seq:
                return False  # a last state, repeated for somebody who came later
            if missing := event.seq - seq - 1:
                self.lost[topic] += missing
        self._last[topic] = (event.session, event.seq)
        return True

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return self.get(self._timeout_s)

    def close(self) -> None:
        """Leave."""
        self._socket.disable_monitor()
        self._context.destroy(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def subscribe(
    endpoint: str = DEFAULT_BIND,
    topics: str | Iterable[str] = "",
    *,
    keys: Path | None = None,
    timeout_s: float | None = None,
) -> Subscription:
    """Read a daemon's events.

    Args:
        endpoint: where it publishes.
        topics: one beginning of topics, or several: `utterance` for those of all sources, `state.cam`, `""` for everything.
        keys: folder of a reader's CURVE keys, as `streamer keys` makes it.
        timeout_s: iteration raises `TimeoutError` when nothing comes for so long; None waits for ever.
    """
    return Subscription(endpoint, topics, keys=keys, timeout_s=timeout_s)
