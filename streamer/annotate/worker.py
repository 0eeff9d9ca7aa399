"""One process that hears and sees one file after the other, as `streamer run --pace fast` would."""

import threading
import uuid
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

from streamer import child_process
from streamer.annotate.hearing import Hearing
from streamer.annotate.rows import Judged, row
from streamer.asr import Device
from streamer.daemon import Daemon
from streamer.errors import StreamerError
from streamer.inference import Model, open_model
from streamer.settings import InferenceSettings, Settings
from streamer.sources.container import channels_of, open_container
from streamer.wire import Utterance

NEVER_S: Final = 1e6
"""Nobody reads partial events and states here."""
SOURCE: Final = "file"
Answer = Judged | str
"""What is in a file, or why nothing is."""


class Question(NamedTuple):
    """What is in a file?"""

    settings: Settings
    path: Path
    name: str
    """Inside its folder."""
    split_channels: bool
    """Each channel of its sound by itself."""
    cores: int
    """That speech recognition may keep busy: the others are the other processes'."""


class Opened(NamedTuple):
    """The networks of a process."""

    device: Device
    networks: str
    """Which they are and what each runs on: with others, rows are others."""


def serve(connection: Connection, settings: InferenceSettings) -> None:
    """Send an `Opened`, or the error why not; then answer each `Question` with an `Answer`, until the other side hangs up.

    The networks and the recogniser are loaded once.
    """
    child_process.begin()
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        _answer_all(connection, settings)


def _answer_all(connection: Connection, inference: InferenceSettings) -> None:
    try:
        model = open_model(inference)
    except StreamerError as err:
        connection.send(err)
        return
    opened = Opened("cuda" if model.on_gpu else "cpu", f"{model.field.sha256} {model.providers}")
    connection.send(opened)
    with closing(Hearing(opened.device)) as hearing:
        while (asked := _receive(connection)) is not None:
            try:
                answer = _answer(asked, model, hearing)
            except StreamerError as err:
                answer = str(err)
            except Exception as err:  # noqa: BLE001 - a strange file must not stop the others
                answer = f"{type(err).__name__}: {err}"
            connection.send(answer)


def _receive(connection: Connection) -> Question | None:
    try:
        asked: Question = connection.recv()
    except EOFError:
        return None
    return asked


def _answer(asked: Question, model: Model, hearing: Hearing) -> Answer:
    """From one playing of the file, or from one for each channel."""
    channels: list[int | None] = [None]
    if asked.split_channels:
        with open_container(str(asked.path)) as container:
            channels = [*range(1, channels_of(container) + 1)] or channels
    rows, troubles = [], []
    for channel in channels:
        settings, recogniser = _of_one(asked.settings, asked.path, channel), hearing.afresh(asked.settings, asked.cores)
        with Daemon(settings, model=model, recogniser=recogniser) as daemon:
            answer = _judged(daemon, asked.name, channel)
        if isinstance(answer, str):
            return answer
        rows += answer.rows
        troubles += [answer.trouble]
    return Judged(sorted(rows, key=lambda one: one["start_s"]), troubles[0])


def _of_one(settings: Settings, path: Path, channel: int | None) -> Settings:
    """The settings for one file."""
    changed = settings.model_dump()
    name = SOURCE if channel is None else f"{SOURCE}-{channel}"
    changed["source"] = ({"name": name, "url": str(path), "pace": "fast", "channel": channel},)
    changed["inference"]["partial_every_s"] = changed["publish"]["state_every_s"] = NEVER_S
    # An address that is no file: nothing is left behind by a process that is killed, and no folder's name is too long for it.
    changed["publish"] |= {"bind": f"ipc://@streamer-annotate-{uuid.uuid4().hex}", "record": None, "keys": None}
    return Settings.model_validate(changed)


def _judged(daemon: Daemon, name: str, channel: int | None) -> Answer:
    """Play the file of a daemon to its end."""
    events = daemon.publisher.follow(most_utterances=1_000_000)
    (outcome,) = daemon.run(threading.Event())
    if outcome.error is not None:
        return str(outcome.error)
    rows = []
    while len(events):
        event = events.get()
        if isinstance(event, Utterance):
            rows.append(row(name, channel, event))
    return Judged(rows, outcome.trouble)
