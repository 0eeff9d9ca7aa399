"""How long each step of an utterance took, and the percentiles that the dashboard shows."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from streamer.wire import Percentiles


class Stopwatch:
    """Milliseconds by step; a step that is measured twice adds up."""

    def __init__(self) -> None:
        self.elapsed_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            took_ms = (time.perf_counter() - begin) * 1000
            self.elapsed_ms[name] = round(self.elapsed_ms.get(name, 0.0) + took_ms, 2)


class Latencies:
    """The last hundred utterances' latencies, by stage."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[float]] = {}

    def add(self, latency_ms: dict[str, float]) -> None:
        """One utterance's trace."""
        for stage, value in latency_ms.items():
            self._samples.setdefault(stage, deque(maxlen=100)).append(value)

    def percentiles(self) -> dict[str, Percentiles]:
        """Of each stage, by the nearest rank."""
        return {stage: _percentiles(sorted(values)) for stage, values in self._samples.items()}


def _percentiles(ordered: list[float]) -> Percentiles:
    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Percentiles(p50=at(0.5), p95=at(0.95))
