"""What only the publisher knows of an event: session, place in its topic, wall clock, time since the end of the voice."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Final

import msgspec

from streamer.wire import Event, Percentiles, State, Utterance, topic

LATENCY_WINDOW: Final = 100
"""Utterances over which percentiles are taken."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event on its way to the publisher, which overwrites `session`, `seq` and `time`."""

    event: Event
    since_s: float | None = None
    """Of an utterance: `time.monotonic()` at the end of the voice, from which `latency_ms["total"]` counts."""


class Stamper:
    """Turns drafts into events. Belongs to the publisher's thread: whoever is stamped first is published first."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._next_seq: defaultdict[str, int] = defaultdict(int)
        self._latencies: defaultdict[str, dict[str, deque[float]]] = defaultdict(dict)

    def stamp(self, draft: Draft) -> Event:
        """The event as it is published now. An utterance gets `total`, a state the percentiles of its source's utterances."""
        event = draft.event
        kind = topic(event)
        event = msgspec.structs.replace(event, session=self._session, seq=self._next_seq[kind], time=_now())
        self._next_seq[kind] += 1
        if isinstance(event, Utterance):
            if draft.since_s is not None:
                total_ms = round((time.monotonic() - draft.since_s) * 1000, 2)
                event = msgspec.structs.replace(event, latency_ms={**event.latency_ms, "total": total_ms})
            samples = self._latencies[event.source or ""]
            for stage, value_ms in event.latency_ms.items():
                samples.setdefault(stage, deque(maxlen=LATENCY_WINDOW)).append(value_ms)
        elif isinstance(event, State):
            latency_ms = {stage: percentiles(values) for stage, values in self._latencies[event.source or ""].items()}
            event = msgspec.structs.replace(event, latency_ms=latency_ms)
        return event


def percentiles(values: deque[float]) -> Percentiles:
    """By the nearest rank: the smallest value that at least that share of all values does not exceed. At least one value."""
    ordered = sorted(values)
    p50, p95 = (ordered[ceil(share * len(ordered)) - 1] for share in (0.5, 0.95))
    return Percentiles(p50=p50, p95=p95)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
