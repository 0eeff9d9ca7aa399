"""How either end of a connection finds out that the other vanished without a word: a pulled cable, a machine without power."""

from typing import Final

import zmq

IDLE_S: Final = 6
"""Silence after which the system asks the other end whether it is still there."""
PROBE_EVERY_S: Final = 2
PROBES: Final = 3
"""As many questions without an answer end the connection."""


def keep_alive(socket: "zmq.Socket[bytes]") -> None:
    """Have the system ask, for connections made from now on; ipc needs none.

    ZeroMQ's own heartbeats are no good here: a reader that stalls with a full queue answers none, so that a sound connection is cut; and
    on the reader's socket libzmq 4.3 then ends the process by an assertion (its issues 3937 and 4767).
    """
    socket.tcp_keepalive = 1
    socket.tcp_keepalive_idle = IDLE_S
    socket.tcp_keepalive_intvl = PROBE_EVERY_S
    socket.tcp_keepalive_cnt = PROBES
