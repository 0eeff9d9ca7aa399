"""How the daemon ends where nobody reads what it prints."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.cli.run import SAME_SIGNAL_S
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


def ended(
    folder: Path, output: int, *signals: signal.Signals, again: bool = False
) -> "subprocess.CompletedProcess[str]":
    """A run that gets its first signal when it runs, and the others when it has nothing left to do but to print.

    `again`: the first signal comes twice, as `timeout` sends it.
    """
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
            if again:
                time.sleep(0.02)  # else the system makes one of them
                daemon.send_signal(first)
            began_s = time.monotonic()
            while not (isinstance(event := events.get(20), State) and event.activity == "ended"):
                pass
            for other in others:
                time.sleep(max(0.0, began_s + SAME_SIGNAL_S + 0.1 - time.monotonic()))
                daemon.send_signal(other)
            _, err = daemon.communicate(timeout=20)
        finally:
            daemon.kill()
    return subprocess.CompletedProcess(words, daemon.returncode, None, err)


def test_a_view_that_nobody_reads_does_not_keep_the_daemon_from_ending_in_order(tmp_path: Path, full_pipe: int) -> None:
    done = ended(tmp_path, full_pipe, signal.SIGTERM)
    assert done.returncode == 0
    assert done.stderr.endswith("nothing dropped\n")


@pytest.mark.parametrize("sign", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_signal_that_is_sent_to_the_process_and_its_group_is_one_signal(
    tmp_path: Path, full_pipe: int, sign: signal.Signals
) -> None:
    done = ended(tmp_path, full_pipe, sign, again=True)
    assert done.returncode == 0
    assert done.stderr.endswith("nothing dropped\n")


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_daemon_at_once(tmp_path: Path, full_pipe: int, second: signal.Signals) -> None:
    done = ended(tmp_path, full_pipe, signal.SIGTERM, second)
    assert (done.returncode, done.stderr) == (-second, "")
