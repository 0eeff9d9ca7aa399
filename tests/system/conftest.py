"""The daemon as its users start it: a process, its exit code, its output, its recording."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import streamer

CLIP = Path(streamer.__file__).parent / "demo" / "clip.mp4"
Json = dict[str, Any]
Ffmpeg = Callable[..., Path]


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str
    events: list[Json]

    def of(self, kind: str, source: str | None = None) -> list[Json]:
        """The events of one type."""
        return [e for e in self.events if e["type"] == kind and source in {None, e["source"]}]


def read_events(path: Path) -> list[Json]:
    """A recording, line by line."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def command(*words: str | Path) -> list[str]:
    """`streamer run`, without dashboard, at an address of its own."""
    free = ["--bind", "tcp://127.0.0.1:*"] if "--bind" not in words else []
    return [sys.executable, "-m", "streamer", "run", *map(str, words), *free, "--headless", "--offline"]


def environment() -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("STREAMER_")}


def run_daemon(folder: Path, *words: str | Path) -> Ran:
    """Run it to its end in an empty folder."""
    record = folder / "events.jsonl"
    record.unlink(missing_ok=True)  # of the run before
    done = subprocess.run(
        command(*words, "--record", record),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        timeout=90,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, read_events(record))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Runs the daemon to its end, in an empty folder."""
    return partial(run_daemon, tmp_path)


@pytest.fixture(scope="session")
def clip_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran]:
    """The packaged clip, twice."""
    first, second = (run_daemon(tmp_path_factory.mktemp("clip"), "--source", CLIP, "--pace", "fast") for _ in range(2))
    return first, second


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Ffmpeg:
    """Makes a file with ffmpeg from the words given, and gives its path."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg to make the files it reads: sudo apt install ffmpeg")
    folder = tmp_path_factory.mktemp("made")

    def make(name: str, *words: str | Path) -> Path:
        path = folder / name
        if not path.exists():
            subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words), str(path)], check=True, timeout=60)
        return path

    return make
