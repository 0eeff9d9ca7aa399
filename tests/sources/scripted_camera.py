"""A camera as a driver shows it to a program: the only part of capture that needs hardware."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from streamer.errors import DeviceError

Script = list[str]
"""What each opening of the device does: `absent`, or `frames N`, `frozen`, `dead` (one after another, with commas)."""


class ScriptedCamera:
    """Plays a script; each opening takes its next line, and the last line is played for ever."""

    def __init__(self, script: Script, size_px: tuple[int, int] = (64, 48), fps: float = 50.0) -> None:
        self._script = list(script)
        self._size_px = size_px
        self._period_s = 1.0 / fps
        self._pause = threading.Event()
        self.openings = 0
        self.released = 0
        self.pictures = 0
        self.exposed_s: list[float] = []
        """When each picture was, as the program was told."""

    def open(self, device: int | str, *_wished: float) -> "ScriptedCamera":
        """The opener that a `Camera` takes."""
        self.openings += 1
        line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if line == "absent":
            raise DeviceError(f"camera {device}: there is none")
        self._steps = self._play(line)
        return self

    def read(self) -> tuple[bool, Any]:
        self._pause.wait(self._period_s)  # a driver waits for the next picture
        picture = next(self._steps)
        return picture is not None, picture

    def get(self, _property: int, /) -> float:
        self.exposed_s.append(time.monotonic() - 0.02)  # V4L2 stamps the exposure
        return self.exposed_s[-1] * 1000.0

    def release(self) -> None:
        self.released += 1

    def _play(self, line: str) -> Iterator[Any]:
        for step in line.split(", "):
            name, _, count = step.partition(" ")
            for _ in range(int(count or 1_000_000)):
                if name == "frames":
                    self.pictures += 1
                if name == "dead":
                    yield None
                else:
                    yield np.full((self._size_px[1], self._size_px[0], 3), (self.pictures % 250, 0, 200), np.uint8)
