"""A daemon's events for the verbs that read them, `listen` and `watch`."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from streamer.client import Subscription

PATIENCE_S: Final = 3.0
"""After so long it is worth saying that nothing answers."""


@contextmanager
def reading(endpoint: str | None, topics: Sequence[str] = ("",), *, keys: Path | None) -> "Iterator[Subscription]":
    """Until Ctrl-C, SIGTERM or a closed terminal, the ordinary ends; then what never came is told, as `run` tells it of its own view."""
    from streamer.client import subscribe
    from streamer.settings import DEFAULT_BIND

    with _ended_by_signals(), subscribe(endpoint or DEFAULT_BIND, topics, keys=keys) as events:
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


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP are a Ctrl-C: a terminal is given back as it was. Under `nohup` it may go."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGHUP)}
    heeded = [sign for sign, handler in before.items() if handler != signal.SIG_IGN]
    for sign in heeded:
        signal.signal(sign, signal.default_int_handler)
    try:
        yield
    finally:
        for sign in heeded:
            signal.signal(sign, before[sign])


@contextmanager
def announced(events: "Subscription") -> Iterator[None]:
    """Say where is listened to, and then that nothing answers there: else silence could not be told from a wrong address."""
    typer.echo(f"listening to {events.endpoint}", err=True)

    def tell() -> None:
        if not events.answered:
            typer.echo(f"nothing answers at {events.endpoint} yet; is a streamer running there?", err=True)

    timer = threading.Timer(PATIENCE_S, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
