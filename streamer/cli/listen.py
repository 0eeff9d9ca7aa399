"""`streamer listen`: a daemon's events, as they come."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer


def listen(
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]...", help="utterance, partial.cam, state, … [all]")
    ] = None,
    connect: Annotated[str | None, typer.Option(help="Where the daemon publishes. [tcp://127.0.0.1:5599]")] = None,
    keys: Annotated[Path | None, typer.Option(help="A reader's folder of keys, as `streamer keys` makes it.")] = None,
    as_json: Annotated[
        bool | None, typer.Option("--json/--pretty", help="JSON lines, or lines for people. [--pretty on a terminal]")
    ] = None,
) -> None:
    """Print a daemon's events until Ctrl-C: JSON lines into a pipe, readable ones on a terminal."""
    from streamer.client import subscribe
    from streamer.dashboard import print_json, print_lines
    from streamer.settings import DEFAULT_BIND

    wants_json = not sys.stdout.isatty() if as_json is None else as_json
    with suppress(KeyboardInterrupt), subscribe(connect or DEFAULT_BIND, topics or ("",), keys=keys) as events:
        typer.echo(f"listening to {events.endpoint}", err=True)  # else silence could not be told from a wrong address
        (print_json if wants_json else print_lines)(events)
