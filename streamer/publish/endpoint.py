"""Which addresses may be bound, and what stood in the way of one."""

import errno
import ipaddress
import os
import re
import shlex
import socket
import stat
from pathlib import Path
from typing import Final

from streamer.errors import ConfigError, PublishError
from streamer.file_names import as_text

_TCP: Final = re.compile(r"tcp://(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):(?P<port>\d{1,5}|\*)")
_NUMBERS: Final = re.compile(r"\[.*\]|[0-9.]+")
"""A host that is written as an IP address, and no name."""
_MENDS: Final = {
    errno.EADDRINUSE: "is another streamer running? `streamer watch {endpoint}` shows it; --bind takes another address",
    errno.EADDRNOTAVAIL: "this machine has no such address; --bind takes one that it has",
    errno.EACCES: "ports below 1024 and files of others need rights that this user has not; --bind takes another address",
    errno.ENODEV: "a publisher binds an address or a network interface of this machine, such as tcp://127.0.0.1:5599",
    errno.ENOENT: "make the folder first",
}


def check(endpoint: str, *, with_keys: bool) -> None:
    """Refuse what cannot be bound, and what would let others read along unasked.

    Raises:
        ConfigError: neither tcp nor ipc, badly written, or open to the network without CURVE keys.
    """
    if not is_address(endpoint):
        raise ConfigError(
            f"publish.bind: {endpoint!r} is no address; write tcp://127.0.0.1:5599 or ipc:///run/user/1000/streamer"
        )
    if not with_keys and not endpoint.startswith("ipc://") and not _is_loopback(_TCP.sub(r"\g<host>", endpoint)):
        raise ConfigError(
            f"publish.bind: {endpoint} would let the whole network read what is said here; make keys with `streamer keys DIR` "
            "and set publish.keys, or bind tcp://127.0.0.1:5599"
        )


def is_address(endpoint: str) -> bool:
    """Whether it is written as one; ZeroMQ itself would read `tcp://127.0.0.1:80x` as port 80, and 65536 as 0.

    It takes text only, and ends that at a null: of a socket's path, not all that may be a file's name.
    """
    if endpoint != as_text(endpoint) or "\0" in endpoint:
        return False
    if endpoint.startswith("ipc://"):
        return len(endpoint) > len("ipc://")
    match = _TCP.fullmatch(endpoint)
    if match is None or (match["port"] != "*" and int(match["port"]) > 65535):
        return False
    return _NUMBERS.fullmatch(match["host"]) is None or _ip(match["host"]) is not None


def is_ipv6(endpoint: str) -> bool:
    """Whether the address is written as one of IPv6."""
    return endpoint.startswith("tcp://[")


def refuse_taken_ipc(endpoint: str) -> None:
    """ZeroMQ takes an ipc path from whoever listens on it, and deletes whatever file lies there, without a word: so it is asked first.

    Raises:
        PublishError: somebody listens there, or something lies there that is no socket.
    """
    if not endpoint.startswith("ipc://"):
        return
    path = endpoint.removeprefix("ipc://")
    if not path.startswith("@") and (what := _other_than_a_socket(path)) is not None:
        raise PublishError(
            f"{endpoint}: cannot publish there (a {what} lies there, no socket); move it away, or give --bind another address"
        )
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return
    raise cannot_bind(endpoint, errno.EADDRINUSE)


def cannot_bind(endpoint: str, code: int) -> PublishError:
    """The error for an address that ZeroMQ would not bind, by the system's error number."""
    listened_to = shlex.quote(endpoint.replace("//*", "//127.0.0.1"))
    mend = _MENDS.get(code, "--bind takes another address").format(endpoint=listened_to)
    return PublishError(f"{endpoint}: cannot publish there ({os.strerror(code).lower()}); {mend}")


def _other_than_a_socket(path: str) -> str | None:
    """What lies at a path; None for a socket, for nothing, and for what cannot be looked at."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return None
    if stat.S_ISSOCK(mode):
        return None
    return "folder" if stat.S_ISDIR(mode) else "file"


def _is_loopback(host: str) -> bool:
    ip = _ip(host)
    return host.lower() == "localhost" or host == "lo" if ip is None else ip.is_loopback


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
