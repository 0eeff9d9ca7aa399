"""`streamer watch`: the dashboard of a daemon, here or elsewhere."""

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.reading import announced, reading


def watch(
    endpoint: Annotated[
        str | None,
        typer.Argument(
            help="Where the daemon publishes: its publish.bind, which is not looked up in config.toml. "
            "[tcp://127.0.0.1:5599]"
        ),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="A reader's folder of keys, as `streamer keys` makes it.")] = None,
) -> None:
    """Show a daemon's dashboard until Ctrl-C; readable lines where there is no terminal."""
    from rich.console import Console

    from streamer.dashboard import fills_terminal, print_lines, run_dashboard
    from streamer.dashboard.printing import swallow

    console = Console()
    with reading(endpoint, keys=keys) as events:
        if fills_terminal(console):
            try:
                run_dashboard(events, console, threading.Event(), origin=events.endpoint)
            except OSError:  # the terminal was closed
                swallow(sys.stdout)
        else:
            with announced(events):
                print_lines(events)
