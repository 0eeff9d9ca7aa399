"""The XPUB socket: bounded queues, the last state for late subscribers, CURVE where there are keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import zmq
from zmq.auth.thread import ThreadAuthenticator

from streamer.errors import PublishError
from streamer.publish import endpoint
from streamer.publish.curve import CLIENTS, Invited, secure_server
from streamer.publish.keepalive import keep_alive
from streamer.settings import PublishSettings
from streamer.wire import Event, State, encode, topic

LAST_WORDS_MS: Final = 1000
"""At the end, what subscribers have not taken yet is still sent for this long; then the socket closes, whoever is slow."""


class ZmqSink:
    """Two frames for each event: topic and payload. Never waits for a subscriber."""

    def __init__(self, settings: PublishSettings) -> None:
        endpoint.check(settings.bind, with_keys=settings.keys is not None)
        endpoint.refuse_taken_ipc(settings.bind)
        self.overflows = 0
        self._encoding = settings.encoding
        self._last_states: dict[bytes, bytes] = {}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._authenticator: ThreadAuthenticator | None = None
        self._socket = self._context.socket(zmq.XPUB)
        try:
            self._prepare(settings)
            self._socket.bind(settings.bind)
        except zmq.ZMQError as err:
            self.close()
            raise endpoint.cannot_bind(settings.bind, err.errno or 0) from err
        except BaseException:
            self.close()
            raise
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _prepare(self, settings: PublishSettings) -> None:
        self._socket.linger = 0
        self._socket.sndhwm = settings.high_water_mark
        self._socket.xpub_verbose = True  # every subscription is told, so that every subscriber gets the last states
        self._socket.xpub_nodrop = True  # a full queue is told, see `_send`
        keep_alive(self._socket)
        self._socket.ipv6 = endpoint.is_ipv6(settings.bind)
        if settings.keys is not None:
            self._authenticate(settings.keys)

    def _authenticate(self, keys: Path) -> None:
        secure_server(self._socket, keys)
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(domain="*", credentials_provider=Invited(keys / CLIENTS))

    def write(self, event: Event) -> None:
        """Send to whoever subscribes; a state is also kept for those who come later."""
        frames = (topic(event).encode(), encode(event, self._encoding))
        if isinstance(event, State):
            self._last_states[frames[0]] = frames[1]
        self._send(frames)

    def _send(self, frames: tuple[bytes, bytes]) -> None:
        """To all subscribers with room in their queue.

        libzmq says that a queue is full once, when it fills; until its subscriber has read on, events pass it by in silence.
        """
        with self._failing():
            try:
                self._socket.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                self.overflows += 1
                self._socket.xpub_nodrop = False
                self._socket.send_multipart(frames, zmq.NOBLOCK)
                self._socket.xpub_nodrop = True

    def serve(self) -> bool:
        """Repeat the last states that a new subscription asks for; those who know them already see the same `seq` again."""
        came = False
        with self._failing():
            while self._socket.poll(0):
                request = self._socket.recv()
                if request[:1] != b"\x01":
                    continue
                came = True
                for name, payload in self._last_states.items():
                    if name.startswith(request[1:]):
                        self._send((name, payload))
        return came

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What ZeroMQ refuses is the end of this sink, not of the others."""
        try:
            yield
        except zmq.ZMQError as err:
            raise PublishError(f"{self.address}: publishing has failed ({err.strerror})") from err

    def close(self) -> None:
        """Send what is queued, for `LAST_WORDS_MS` at most."""
        self._socket.close(linger=LAST_WORDS_MS)
        if self._authenticator is not None:
            self._authenticator.stop()
        self._context.term()
