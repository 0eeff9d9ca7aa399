"""`streamer watch`: the dashboard of a daemon, here or elsewhere."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer


def watch(
    endpoint: Annotated[str | None, typer.Argument(help="Where the daemon publishes. [tcp://127.0.0.1:5599]")] = None,
    keys: Annotated[Path | None, typer.Option(help="A reader's folder of keys, as `streamer keys` makes it.")] = None,
) -> None:
    """Show a daemon's dashboard until Ctrl-C; readable lines where there is no terminal."""
    from rich.console import Console

    from streamer.client import subscribe
    from streamer.dashboard import fills_terminal, print_lines, run_dashboard
    from streamer.settings import DEFAULT_BIND

    console = Console()
    with suppress(KeyboardInterrupt), subscribe(endpoint or DEFAULT_BIND, keys=keys) as events:
        if fills_terminal(console):
            run_dashboard(events, console, threading.Event(), origin=events.endpoint)
        else:
            typer.echo(
                f"listening to {events.endpoint}", err=True
            )  # else silence could not be told from a wrong address
            print_lines(events)
