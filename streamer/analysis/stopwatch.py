"""How long each step of an utterance took: the trace that every event carries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


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
