"""How the daemon ends where nobody reads what it prints, or what it writes has no room."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.cli.run import SAME_SIGNAL_S
from streamer.client import subscribe
from streamer.wire import State
from tests.system.conftest import CLIP, command, environment, read_events

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


ON_A_TERMINAL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A program whose terminal is its standard input, as a shell's is."""


QUICK = ("--asr", "none", "--detector", "none")


def quiet(folder: Path, seconds: int = 1) -> Path:
    """A recording in which nobody speaks."""
    path = folder / "quiet.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * seconds))
    return path


@pytest.mark.parametrize("shown", ["as a picture", "as lines"])
def test_a_terminal_that_is_closed_ends_the_daemon_in_order(tmp_path: Path, shown: str) -> None:
    endpoint, record = f"ipc://{tmp_path}/events", tmp_path / "events.jsonl"
    words = command("--source", CLIP, "--bind", endpoint, "--record", record, *QUICK)
    words.remove("--headless")
    ours, theirs = pty.openpty()
    env = environment() | {"TERM": "xterm" if shown == "as a picture" else "dumb"}
    with (
        subscribe(endpoint, topics=["state"], timeout_s=60) as events,
        subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env
        ) as daemon,
    ):
        os.close(theirs)
        try:
            next(iter(events))
            os.close(ours)
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
    assert [event["activity"] for event in read_events(record) if event["type"] == "state"][-1] == "ended"


def test_who_has_closed_terminals_ignored_goes_on_without_one(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/events"
    words = ["nohup", *command("--source", quiet(tmp_path, seconds=60), "--bind", endpoint, *QUICK)]
    with (
        subscribe(endpoint, topics=["state"], timeout_s=60) as events,
        subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as daemon,
    ):
        try:
            next(iter(events))
            daemon.send_signal(signal.SIGHUP)
            sent_s = time.monotonic()
            while time.monotonic() < sent_s + 1.0:
                assert isinstance(event := events.get(20), State)
                assert event.activity != "ended"
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
def test_a_recording_that_had_no_room_stands_in_the_summary_and_is_a_failure(tmp_path: Path) -> None:
    words = command("--source", quiet(tmp_path), "--pace", "fast", "--record", "/dev/full", *QUICK)
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=90, check=False)
    assert done.returncode == 1
    *_, utterances, written = done.stderr.splitlines()
    assert utterances == "quiet: 0 utterances; nothing dropped"
    assert written == (
        "not all was written: /dev/full: the recording ends here (No space left on device); publishing goes on"
    )


def test_a_recording_on_a_disk_that_hangs_is_a_failure_that_is_named(tmp_path: Path) -> None:
    hung = tmp_path / "hung.jsonl"
    os.mkfifo(hung)
    reader = os.open(hung, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    words = command("--source", quiet(tmp_path, seconds=5), "--pace", "fast", "--record", hung, *QUICK)
    words.remove("--headless")
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=90, check=False)
    os.close(reader)
    assert done.returncode == 1
    assert done.stderr.endswith(f"ended by an error: publish: {hung}: hangs, not all was written\n")
