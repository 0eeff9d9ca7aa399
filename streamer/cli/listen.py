"""`streamer listen`: a daemon's events, as they come."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.reading import announced, reading
from streamer.errors import ConfigError


def listen(
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]...", help="utterance, partial.cam, state, … [all]")
    ] = None,
    connect: Annotated[
        str | None,
        typer.Option(
            help="Where the daemon publishes: its publish.bind, which is not looked up in config.toml. "
            "[tcp://127.0.0.1:5599]"
        ),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="A reader's folder of keys, as `streamer keys` makes it.")] = None,
    as_json: Annotated[
        bool | None, typer.Option("--json/--pretty", help="JSON lines, or lines for people. [--pretty on a terminal]")
    ] = None,
) -> None:
    """Print a daemon's events until Ctrl-C: JSON lines into a pipe, readable ones on a terminal."""
    from streamer.dashboard import print_json, print_lines

    _refuse_unknown(topics or ())
    wants_json = not sys.stdout.isatty() if as_json is None else as_json
    with reading(connect, topics or ("",), keys=keys) as events, announced(events):
        (print_json if wants_json else print_lines)(events)


def _refuse_unknown(topics: Sequence[str]) -> None:
    """A subscription is the beginning of a topic: one with which none begins would wait in silence for ever.

    Raises:
        ConfigError: there is such a one.
    """
    from streamer.wire import KINDS

    *of_sources, heartbeat = KINDS
    for topic in topics:
        begun = any(kind.startswith(topic) for kind in KINDS)
        if begun or any(topic.startswith(f"{kind}.") for kind in of_sources):
            continue
        kind, dot, source = topic.partition(".")
        near = get_close_matches(kind.lower(), KINDS, n=1)
        nearest = [name if name == heartbeat else name + dot + source for name in near]
        raise ConfigError(
            f"TOPIC {topic!r}: no topic begins so; did you mean {(nearest or [f'{KINDS[0]}.{topic}'])[0]!r}? "
            f"There are {', '.join(KINDS)}, each but the last with .SOURCE behind it"
        )
