"""Events as lines of text, for people or for programs."""

import os
import sys
from collections.abc import Callable
from typing import TextIO

from streamer.channel import Closed
from streamer.client import Events
from streamer.dashboard.plain import PlainLines
from streamer.wire import Event, encode


def print_lines(events: Events, out: TextIO | None = None) -> None:
    """A readable line for each event that changes something, until the events end or nobody reads."""
    _print(events, PlainLines().lines, out or sys.stdout)


def print_json(events: Events, out: TextIO | None = None) -> None:
    """Each event as a line of JSON, until the events end or nobody reads."""
    _print(events, lambda event: [encode(event).decode()], out or sys.stdout)


def _print(events: Events, told: Callable[[Event], list[str]], out: TextIO) -> None:
    try:
        while True:
            out.writelines(line + "\n" for line in told(events.get()))
            out.flush()
    except Closed:
        return
    except BrokenPipeError:
        # The interpreter flushes its output once more at exit; that must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
