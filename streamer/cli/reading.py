"""A daemon's events for the verbs that read them, `listen` and `watch`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from streamer.client import Subscription


@contextmanager
def reading(endpoint: str | None, topics: Sequence[str] = ("",), *, keys: Path | None) -> "Iterator[Subscription]":
    """Until Ctrl-C, which is the ordinary end; then what never came is told, as `run` tells it of its own view."""
    from streamer.client import subscribe
    from streamer.settings import DEFAULT_BIND

    with subscribe(endpoint or DEFAULT_BIND, topics, keys=keys) as events:
        try:
            yield events
        except KeyboardInterrupt:
            pass
        finally:
            if events.lost:
                by_topic = ", ".join(f"{topic} {count}" for topic, count in sorted(events.lost.items()))
                typer.echo(
                    f"what came lacks {sum(events.lost.values())} events ({by_topic}): it was read too slowly, or the "
                    "connection broke",
                    err=True,
                )
