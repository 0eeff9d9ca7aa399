"""The live picture on a real (pseudo) terminal, from a daemon in another process."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from streamer.channel import Channel, WhenFull
from streamer.dashboard import run_dashboard
from streamer.publish import Draft, Publisher
from streamer.settings import PublishSettings
from streamer.wire import Event
from tests import talk

ENTER, LEAVE, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
WATCH = (
    "import signal, sys; from streamer.cli.watch import watch;"
    "signal.signal(signal.SIGINT, signal.default_int_handler); watch(sys.argv[1], None)"
)
"""A shell that starts the tests in the background has SIGINT ignored, and children inherit that."""


@contextmanager
def on_a_terminal(*command: str, kind: str = "xterm-256color") -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A program whose terminal is 100 by 30; gives the other end of that terminal."""
    ours, theirs = pty.openpty()
    env = os.environ | {"COLUMNS": "100", "LINES": "30", "TERM": kind}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as child:
        os.close(theirs)
        try:
            yield child, ours
        finally:
            child.kill()
            os.close(ours)


def read_until(terminal: int, wanted: bytes, timeout_s: float = 20.0) -> bytes:
    """What the program has written when `wanted` is in it, or when it ends."""
    seen, until_s = b"", time.monotonic() + timeout_s
    while wanted not in seen and time.monotonic() < until_s:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # the program has closed its end
                break
    return seen


def test_it_watches_a_daemon_and_gives_the_terminal_back() -> None:
    with Publisher(PublishSettings(bind="tcp://127.0.0.1:*"), ["cam"], session="s") as publisher:
        for event in talk.talk():
            publisher.put(Draft(event))
        with on_a_terminal(sys.executable, "-c", WATCH, publisher.addresses["zmq"]) as (child, terminal):
            publisher.wait_for_subscriber(20)
            for event in list(talk.talk())[-3:]:
                publisher.put(Draft(event))
            seen = read_until(terminal, b"This is the best news")
            child.send_signal(signal.SIGINT)
            seen += read_until(terminal, LEAVE)
            assert child.wait(10) == 0
    assert seen.count(ENTER) == seen.count(LEAVE) == 1
    assert SHOW_CURSOR in seen
    assert b"Traceback" not in seen


def test_a_pipe_gets_lines_whatever_the_environment_says_of_colours() -> None:
    env = os.environ | {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm-256color"}
    with Publisher(PublishSettings(bind="tcp://127.0.0.1:*"), ["cam"], session="s") as publisher:
        command = [sys.executable, "-c", WATCH, publisher.addresses["zmq"]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as child:
            assert publisher.wait_for_subscriber(20)
            publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
            assert child.stdout is not None
            seen = child.stdout.readline()
            child.send_signal(signal.SIGINT)
            seen += child.communicate(timeout=20)[0]
    assert b"Good morning everyone" in seen
    assert b"\x1b" not in seen


def test_a_terminal_that_obeys_nothing_gets_lines() -> None:
    with Publisher(PublishSettings(bind="tcp://127.0.0.1:*"), ["cam"], session="s") as publisher:
        command = (sys.executable, "-c", WATCH, publisher.addresses["zmq"])
        with on_a_terminal(*command, kind="dumb") as (child, terminal):
            assert publisher.wait_for_subscriber(20)
            publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
            seen = read_until(terminal, b"Good morning everyone")
            child.send_signal(signal.SIGINT)
            seen += read_until(terminal, LEAVE, 2)
    assert b"Good morning everyone" in seen
    assert b"\x1b" not in seen


def test_a_failure_gives_the_terminal_back_too() -> None:
    class Broken:
        def get(self, timeout_s: float | None = None) -> Event:
            raise RuntimeError(f"broken, though {timeout_s} s were given")

    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as out, pytest.raises(RuntimeError, match="broken"):
        run_dashboard(Broken(), Console(file=out, force_terminal=True), threading.Event(), origin="here")
    seen = read_until(ours, LEAVE)
    os.close(ours)
    assert seen.count(ENTER) == seen.count(LEAVE) == 1


def test_it_redraws_four_times_a_second_at_most_and_ends_with_the_stream() -> None:
    ours, theirs = pty.openpty()
    events = Channel[Event]("test", 10, WhenFull.WAIT)
    with os.fdopen(theirs, "w") as out:
        console = Console(file=out, force_terminal=True, width=80, height=24)
        begin_s = time.monotonic()
        shown = threading.Thread(
            target=run_dashboard, args=(events, console, threading.Event()), kwargs={"origin": "here"}
        )
        shown.start()
        seen = b""
        for second in range(400):
            events.put(talk.state("cam", second / 100, "speaking"))
            if second % 40 == 39:
                seen += read_until(ours, b"speaking", 1.0)
        events.close()
        while shown.is_alive():
            seen += read_until(ours, LEAVE, 0.2)
        took_s = time.monotonic() - begin_s
    drawn = len(re.findall(rb"bundle small", seen))
    assert 1 <= drawn <= took_s / 0.25 + 2


def test_it_stops_when_it_is_told_to() -> None:
    stop = threading.Event()
    stop.set()
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as out:
        run_dashboard(
            Channel[Event]("test", 1, WhenFull.WAIT), Console(file=out, force_terminal=True), stop, origin="here"
        )
    seen = read_until(ours, LEAVE)
    os.close(ours)
    assert seen.count(ENTER) == seen.count(LEAVE) == 1
