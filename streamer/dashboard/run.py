"""The live picture on a terminal."""

import threading
import time
from typing import Final

from rich.console import Console
from rich.live import Live

from streamer.channel import Closed
from streamer.client import Events
from streamer.dashboard.model import Model
from streamer.dashboard.view import view

REDRAW_EVERY_S: Final = 0.25


def run_dashboard(events: Events, console: Console, stop: threading.Event, *, origin: str) -> None:
    """Show the picture until `stop` is set or the events end; the terminal is given back as it was, whatever happens.

    Redraws four times a second at most, and also without events, so that silence is seen.
    """
    model = Model(origin)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        going = True
        while going:
            going = _fold_until(events, model, stop, time.monotonic() + REDRAW_EVERY_S)
            live.update(view(model, console.width, console.height), refresh=True)


def _fold_until(events: Events, model: Model, stop: threading.Event, until_s: float) -> bool:
    """Take what comes until then; False when nothing more is to come."""
    while not stop.is_set():
        model.now_s = time.monotonic()
        if model.now_s >= until_s:
            return True
        try:
            model.fold(events.get(until_s - model.now_s), time.monotonic())
        except TimeoutError:
            continue
        except Closed:
            return False
    return False
