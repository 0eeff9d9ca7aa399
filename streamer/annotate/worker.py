"""One process that hears and sees one file after the other, as `streamer run --pace fast` would."""

import signal
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from streamer.annotate.rows import Row, row
from streamer.daemon import Daemon
from streamer.errors import StreamerError
from streamer.inference import open_model
from streamer.settings import Settings
from streamer.wire import Utterance

NEVER_S: Final = 1e6
"""Nobody reads partial events and states here."""
SOURCE: Final = "file"
Answer = list[Row] | str
"""The rows of a file, or why there are none."""


def serve(connection: Connection, settings: Settings) -> None:
    """Answer each `(path, name)` with an `Answer`, until the other side hangs up. The networks are loaded once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that asks
    model = open_model(settings.inference)
    with tempfile.TemporaryDirectory(prefix="streamer-annotate-") as folder:
        while (asked := _receive(connection)) is not None:
            path, name = asked
            try:
                with Daemon(_of_one(settings, path, folder), model=model) as daemon:
                    answer = _rows(daemon, name)
            except StreamerError as err:
                answer = str(err)
            except Exception as err:  # noqa: BLE001 - a strange file must not stop the others
                answer = f"{type(err).__name__}: {err}"
            connection.send(answer)


def _receive(connection: Connection) -> tuple[Path, str] | None:
    try:
        asked: tuple[Path, str] = connection.recv()
    except EOFError:
        return None
    return asked


def _of_one(settings: Settings, path: Path, folder: str) -> Settings:
    """The settings for one file."""
    changed = settings.model_dump()
    changed["source"] = ({"name": SOURCE, "url": str(path), "pace": "fast"},)
    changed["inference"]["partial_every_s"] = changed["publish"]["state_every_s"] = NEVER_S
    changed["publish"] |= {"bind": f"ipc://{folder}/events", "record": None, "keys": None}
    return Settings.model_validate(changed)


def _rows(daemon: Daemon, name: str) -> Answer:
    """Play the file of a daemon to its end."""
    events = daemon.publisher.follow(capacity=1_000_000)
    (outcome,) = daemon.run(threading.Event())
    if outcome.error is not None:
        return str(outcome.error)
    rows = []
    while len(events):
        event = events.get()
        if isinstance(event, Utterance):
            rows.append(row(name, event))
    return rows
