"""Sources that run in a process of their own, as the daemon sees them: like a `Group`, whose events come through a pipe.

Python lets one thread work at a time, and hands the turn over at every call of NumPy, OpenCV and FFmpeg; from five sources with pictures on
the handing over takes longer than the work. So many sources are shared out, as far as there are processor cores.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import pairwise
from math import ceil
from multiprocessing.connection import Connection
from typing import Final

import msgspec

from streamer import child_process
from streamer.errors import PublishError, StageError, StreamerError
from streamer.group import Group, Outcome
from streamer.inference.providers import runs_on_cpu
from streamer.publish import Draft
from streamer.settings import Settings
from streamer.wire import State

OPEN: Final = "open"
"""Said by the process: everything is there."""
START: Final = "start"
STOP: Final = "stop"
LAST_WORDS_S: Final = 10.0
"""How long a process may take to end after it was told."""


def shares(settings: Settings) -> list[Settings]:
    """The settings of each process, neighbours together; of one, where that is enough, or where the networks run on a GPU."""
    sources, each = settings.source, settings.inference.sources_per_process
    processes = min(ceil(len(sources) / each), len(os.sched_getaffinity(0)))
    if processes < 2 or not runs_on_cpu(settings.inference.provider):
        return [settings]
    ends = [round(len(sources) * number / processes) for number in range(processes + 1)]
    return [settings.model_copy(update={"source": sources[begin:end]}) for begin, end in pairwise(ends)]


class GroupElsewhere:
    """Begins to open everything when it is made; `wait_until_open` says how that went."""

    def __init__(self, settings: Settings, publish: Callable[[Draft], None]) -> None:
        """Arguments as of `Group`; `publish` is called from a thread of ours."""
        self._names = [source.name for source in settings.source]
        self._publish = publish
        self._outcomes: list[Outcome] = []
        self._states: dict[str, State] = {}
        self._stopped = False
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, settings), daemon=True)
        self._process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, name="group", daemon=True)

    def wait_until_open(self) -> None:
        """Wait for what it takes to open everything.

        Raises:
            StreamerError: as of `Group`.
        """
        try:
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise StreamerError(
                f"the process of {', '.join(self._names)} {self._ended()} before it could begin; fewer sources need less memory"
            ) from None
        if isinstance(answer, StreamerError):
            raise answer

    def start(self) -> None:
        """Let every source run."""
        with suppress(OSError):  # it has just died, which the reader tells
            self._connection.send(START)
        self._reader.start()

    def stop(self) -> None:
        """End the capture; what was captured is still analysed and published. May be called again."""
        if not self._stopped:
            self._stopped = True
            with suppress(OSError):  # it has just ended
                self._connection.send(STOP)

    def join(self, timeout_s: float) -> bool:
        """Whether every source has ended; waits for it."""
        self._reader.join(timeout_s)
        return not self._reader.is_alive()

    def outcomes(self) -> list[Outcome]:
        """How each source's run went, once all have ended."""
        return self._outcomes

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(LAST_WORDS_S)
        self._process.kill()

    def _read(self) -> None:
        try:
            for draft in self._drafts():
                self._publish(draft)
        except PublishError:  # nobody is told any more, and the daemon knows why
            self.stop()
            for _ in self._drafts():
                pass

    def _drafts(self) -> "Iterator[Draft]":
        """What the process has to tell, until its last word, the outcomes; where it dies, that each of its sources has failed."""
        try:
            while not isinstance(told := self._connection.recv(), list):
                if isinstance(told.event, State):
                    self._states[told.event.source or ""] = told.event
                yield told
        except (EOFError, OSError):
            error = StageError("process", StreamerError(self._ended()))
            self._outcomes = [self._failed(name, error) for name in self._names]
            for state in self._states.values():
                if state.activity not in {"ended", "failed"}:
                    yield Draft(msgspec.structs.replace(state, activity="failed", error=str(error)))
        else:
            self._outcomes = told

    def _failed(self, name: str, error: StageError) -> Outcome:
        last = self._states.get(name)
        return Outcome(name, last.utterances, last.dropped, error) if last else Outcome(name, 0, {}, error)

    def _ended(self) -> str:
        self._process.join(LAST_WORDS_S)
        return f"ended with code {self._process.exitcode}"


def serve(connection: Connection, settings: Settings) -> None:
    """The process: open the sources and say so, or why not; run them when told; send their drafts, and at last their outcomes."""
    child_process.begin()
    sending = threading.Lock()

    def publish(draft: Draft) -> None:
        with sending:
            connection.send(draft)

    try:
        group = Group(settings, publish)
    except StreamerError as err:
        connection.send(err)
        return
    with closing(group), suppress(EOFError, OSError):  # another one could not be opened, or the daemon has gone
        connection.send(OPEN)
        connection.recv()
        threading.Thread(target=_heed, args=(connection, group), name="heed", daemon=True).start()
        group.start()
        while not group.join(1.0):
            pass
        connection.send(group.outcomes())


def _heed(connection: Connection, group: Group) -> None:
    """Wait for the word to stop; that the other side hangs up is one too."""
    with suppress(EOFError, OSError):
        connection.recv()
    group.stop()
