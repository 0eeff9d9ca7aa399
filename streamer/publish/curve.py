"""CURVE keys: who may read the stream over a network.

DIR/server/server.key, server.key_secret     for the daemon: `publish.keys = "DIR/server"`
DIR/server/clients/NAME.key                  who is let in when they come; delete one to shut NAME out from then on
DIR/NAME/client.key_secret, server.key       for the reader's machine: `streamer watch ENDPOINT --keys DIR/NAME`
"""

import re
import shutil
from pathlib import Path
from typing import Final

import zmq
import zmq.auth

from streamer.errors import ConfigError

SERVER: Final = "server"
CLIENT: Final = "client"
CLIENTS: Final = "clients"


def make_keys(folder: Path, client: str) -> Path:
    """Make the daemon's keys where it has none, and those of one reader; the folder for the reader's machine.

    Raises:
        ConfigError: the reader's name is no folder name, or it has keys already.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", client) or client == SERVER:
        raise ConfigError(
            f"keys: {client!r} cannot be a reader's name; use letters, digits, _ and -, and not {SERVER!r}"
        )
    server, reader = folder / SERVER, folder / client
    if reader.exists():
        raise ConfigError(f"keys: {reader} is there already; choose another name, or delete it first")
    try:
        (server / CLIENTS).mkdir(parents=True, exist_ok=True)
        if not (server / "server.key_secret").exists():
            _create(server, SERVER)
            shutil.copy(server / "server.key", server / CLIENTS)
        reader.mkdir()
        _create(reader, CLIENT)
        shutil.copy(reader / "client.key", server / CLIENTS / f"{client}.key")
        shutil.copy(server / "server.key", reader)
    except OSError as err:
        raise ConfigError(f"keys: cannot write in {folder} ({err.strerror})") from err
    return reader


def _create(folder: Path, name: str) -> None:
    folder.chmod(0o700)
    zmq.auth.create_certificates(folder, name)
    (folder / f"{name}.key_secret").chmod(0o600)


def secure_server(socket: "zmq.Socket[bytes]", folder: Path) -> None:
    """Make a socket speak to nobody without a key; whose keys are good is the authenticator's matter."""
    socket.curve_publickey, socket.curve_secretkey = _pair(folder / "server.key_secret")
    socket.curve_server = True


class Invited:
    """Whose keys are good: those that lie in a folder at the moment a reader comes, so that one may be added while the daemon runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def callback(self, _domain: str, key: bytes) -> bool:
        """The authenticator's question, with a key as text in Z85."""
        return any(_public(path) == key for path in self._folder.glob("*.key"))


def _public(path: Path) -> bytes | None:
    """Of a file; None for one that holds none, or is only half there: it must not shut the others out."""
    try:
        return _load(path)[0]
    except ConfigError:
        return None


def secure_client(socket: "zmq.Socket[bytes]", folder: Path) -> None:
    """Let a socket show its key, and believe only the daemon whose key it knows."""
    own = SERVER if (folder / CLIENTS).is_dir() else CLIENT
    socket.curve_publickey, socket.curve_secretkey = _pair(folder / f"{own}.key_secret")
    socket.curve_serverkey, _ = _load(folder / "server.key")


def _pair(path: Path) -> tuple[bytes, bytes]:
    public, secret = _load(path)
    if secret is None:
        raise ConfigError(f"keys: {path} holds no secret key; `streamer keys DIR` makes new ones")
    return public, secret


def _load(path: Path) -> tuple[bytes, bytes | None]:
    try:
        return zmq.auth.load_certificate(path)
    except (OSError, ValueError) as err:
        raise ConfigError(
            f"keys: no key in {path}; `streamer keys DIR` makes DIR/server and a folder for each reader"
        ) from err
