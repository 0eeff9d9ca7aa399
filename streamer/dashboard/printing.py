"""Events as lines of text, for people or for programs."""

import logging
import os
import sys
from collections.abc import Callable
from typing import TextIO

from streamer.channel import Closed
from streamer.client import Events
from streamer.dashboard.plain import PlainLines
from streamer.wire import Event, encode

_log = logging.getLogger(__name__)


def print_lines(events: Events, out: TextIO | None = None) -> None:
    """A readable line for each event that changes something, until the events end, or nobody reads or can be written to."""
    _print(events, PlainLines().lines, out or sys.stdout)


def print_json(events: Events, out: TextIO | None = None) -> None:
    """Each event as a line of JSON, until the events end, or nobody reads or can be written to."""
    _print(events, lambda event: [encode(event).decode()], out or sys.stdout)


def _print(events: Events, told: Callable[[Event], list[str]], out: TextIO) -> None:
    while True:
        try:
            lines = told(events.get())
        except Closed:
            return
        try:
            out.writelines(line + "\n" for line in lines)
            out.flush()
        except OSError as err:
            if not isinstance(err, BrokenPipeError):  # else somebody has read enough
                _log.error("nothing more is printed (%s)", err.strerror)
            swallow(out)
            return


def swallow(out: TextIO) -> None:
    """From here on: the interpreter flushes its output once more at exit, which must not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
