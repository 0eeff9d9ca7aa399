"""The live picture on a terminal."""

import threading
import time
from typing import Final

from rich.console import Console

from streamer.channel import Closed
from streamer.client import Events
from streamer.dashboard.model import Model
from streamer.dashboard.screen import Screen
from streamer.dashboard.view import picture

REDRAW_EVERY_S: Final = 0.25


def run_dashboard(events: Events, console: Console, stop: threading.Event, *, origin: str) -> None:
    """Show the picture until `stop` is set or the events end; the terminal is given back as it was, whatever happens.

    Redraws four times a second at most, and also without events, so that silence is seen.
    """
    model = Model(origin)
    with Screen(console) as screen:
        going = True
        while going:
            going = _fold_until(events, model, stop, time.monotonic() + REDRAW_EVERY_S)
            screen.draw(picture(model, console.width, console.height))


def _fold_until(events: Events, model: Model, stop: threading.Event, until_s: float) -> bool:
    """Take what comes until then; False when nothing more is to come."""
    while not stop.is_set():
        model.now_s = time.monotonic()
        if model.now_s >= until_s:
            return True
        try:
            model.fold(events.get(until_s - model.now_s), time.monotonic())
        except TimeoutError:  # nothing came until the next picture is due
            continue
        except Closed:
            return False
    return False
