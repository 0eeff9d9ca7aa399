"""The daemon as its users start it, in a process of its own, and what a subscriber in this one receives."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from streamer.bench.processes import cpu_s, cpu_s_by_thread, memory_mb
from streamer.client import subscribe
from streamer.errors import StageError, StreamerError
from streamer.wire import Event, State

SILENT_S = 60.0
"""A daemon that says nothing for so long has hung."""


def environment() -> dict[str, str]:
    """Without the settings of whoever measures."""
    return {key: value for key, value in os.environ.items() if not key.startswith("STREAMER_")}


class Received(NamedTuple):
    """An event and when it was here."""

    event: Event
    at_s: float
    """`time.monotonic()`, which is one clock for all processes of a machine."""
    wall_minus_monotonic_s: float
    """What turns an event's `time` into that clock."""


class PlayedSource(NamedTuple):
    """A recording that is played to the daemon in real time."""

    name: str
    url: Path


class RunningDaemon:
    """`streamer run` on recordings in real time, with an address of its own and no settings of whoever measures."""

    def __init__(self, sources: list[PlayedSource], *, asr: str, topics: tuple[str, ...] = ("",)) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="streamer-bench-")
        folder = Path(self._folder.name)
        endpoint = f"ipc://{folder}/events"
        (folder / "bench.toml").write_text(_config(endpoint, asr, sources), encoding="utf-8")
        self._sources = {source.name for source in sources}
        self._events = subscribe(endpoint, topics)
        self.started_s = time.monotonic()
        command = [sys.executable, "-m", "streamer", "run", "--headless", "--config", str(folder / "bench.toml")]
        self._log = (folder / "errors").open("w+")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stderr=self._log,
            env=environment(),
        )

    def events(self, until_s: float = float("inf")) -> Iterator[Received]:
        """What comes, until every source has ended or `time.monotonic()` is `until_s`.

        Raises:
            StageError: the daemon has ended or hangs.
        """
        running = set(self._sources)
        heard_s = time.monotonic()
        while running:
            now_s = time.monotonic()
            if now_s >= until_s:
                return
            ended = self._process.poll() is not None  # asked before, so that its last words are still read
            try:
                event = self._events.get(min(0.5, until_s - now_s))
            except TimeoutError:
                if ended or now_s - heard_s > SILENT_S:
                    raise self._gone() from None
                continue
            heard_s = time.monotonic()
            yield Received(event, heard_s, time.time() - heard_s)
            if isinstance(event, State) and event.activity in {"ended", "failed"}:
                running.discard(event.source or "")

    def cpu_s(self) -> float:
        """Spent so far."""
        return cpu_s(self._process.pid)

    def cpu_s_by_thread(self) -> dict[str, float]:
        """Spent so far, by thread."""
        return cpu_s_by_thread(self._process.pid)

    def memory_mb(self, *, with_children: bool = True) -> float:
        """Resident now."""
        return memory_mb(self._process.pid, with_children=with_children)

    def close(self) -> None:
        """Stop it as a user would, and wait; kill it if it does not."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._events.close()
        self._log.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _gone(self) -> StageError:
        self._log.seek(0)
        said = self._log.read().strip().splitlines()
        ended = self._process.poll()
        how = "says nothing any more" if ended is None else f"ended with code {ended}"
        why = f": {said[-1].removeprefix('streamer: ')}" if said else ""
        return StageError("daemon", StreamerError(f"{how}{why}"))


def _config(endpoint: str, asr: str, sources: list[PlayedSource]) -> str:
    """As TOML."""
    tables = [f"[[source]]\nname = {_quoted(one.name)}\nurl = {_quoted(str(one.url.absolute()))}\n" for one in sources]
    return f"offline = true\n[publish]\nbind = {_quoted(endpoint)}\n[asr]\nengine = {_quoted(asr)}\n{''.join(tables)}"


def _quoted(text: str) -> str:
    """A string of JSON is one of TOML."""
    return json.dumps(text, ensure_ascii=False)
