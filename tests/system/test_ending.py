"""How the daemon ends where nobody reads what it prints."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.client import subscribe
from streamer.wire import State
from tests.system.conftest import CLIP, environment

INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from streamer.cli import main; main()"
)
"""Shells have SIGINT ignored in background jobs, and children inherit that."""


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """An output that takes nothing more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


def ended(folder: Path, output: int, *signals: signal.Signals) -> "subprocess.CompletedProcess[str]":
    """A run that gets its first signal when it runs, and the others when it has nothing left to do but to print."""
    endpoint = f"ipc://{folder}/events"
    words = [sys.executable, "-c", INTERRUPTIBLE, "run", "--source", str(CLIP), "--bind", endpoint, "--offline"]
    own = {key: value for key, value in environment().items() if key != "PYTHONUNBUFFERED"}  # buffers have locks
    with (
        subscribe(endpoint, topics=["state"], timeout_s=60) as events,
        subprocess.Popen(words, stdout=output, stderr=subprocess.PIPE, text=True, cwd=folder, env=own) as daemon,
    ):
        try:
            first, *others = signals
            next(iter(events))
            daemon.send_signal(first)
            while not (isinstance(event := events.get(20), State) and event.activity == "ended"):
                pass
            for other in others:
                daemon.send_signal(other)
            _, err = daemon.communicate(timeout=20)
        finally:
            daemon.kill()
    return subprocess.CompletedProcess(words, daemon.returncode, None, err)


def test_a_view_that_nobody_reads_does_not_keep_the_daemon_from_ending_in_order(tmp_path: Path, full_pipe: int) -> None:
    done = ended(tmp_path, full_pipe, signal.SIGTERM)
    assert done.returncode == 0
    assert done.stderr.endswith("nothing dropped\n")


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_daemon_at_once(tmp_path: Path, full_pipe: int, second: signal.Signals) -> None:
    done = ended(tmp_path, full_pipe, signal.SIGTERM, second)
    assert (done.returncode, done.stderr) == (-second, "")
