"""What a source put on its channels, for tests to look at."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streamer.channel import Channel, WhenFull
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.sources import Source


@dataclass
class Played:
    """Everything that a source gave."""

    source: Source
    chunks: list[AudioChunk] = field(default_factory=list)
    seen: list[VideoFrame | VideoTick] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)
    order: list[AudioChunk | AudioTick | VideoFrame | VideoTick] = field(default_factory=list)
    """All of it, in the order in which it was put."""

    @property
    def frames(self) -> list[VideoFrame]:
        return [item for item in self.seen if isinstance(item, VideoFrame)]

    @property
    def ticks(self) -> list[VideoTick]:
        return [item for item in self.seen if isinstance(item, VideoTick)]

    @property
    def silent(self) -> list[AudioTick]:
        return [item for item in self.order if isinstance(item, AudioTick)]

    @property
    def waveform(self) -> Float32:
        """All chunks, one behind the other."""
        return np.concatenate([np.zeros(0, np.float32), *(chunk.waveform for chunk in self.chunks)])

    @property
    def end_s(self) -> float:
        last = self.chunks[-1]
        return last.time_s + len(last.waveform) / SAMPLE_RATE_HZ


class Recorder(Channel[Any]):
    """A channel that also shows the order over several of them."""

    def __init__(self, name: str, order: list[Any], until: Callable[[], None]) -> None:
        super().__init__(name, 100_000, WhenFull.WAIT)
        self._order = order
        self._until = until

    def put(self, item: Any) -> None:
        self._order.append(item)
        super().put(item)
        self._until()


def collect(
    source: Source, until: Callable[[Played], bool] = lambda _: False, told: list[str | None] | None = None
) -> Played:
    """Run a source to its end, or until what it gave is enough."""
    played = Played(source, told=told if told is not None else [])
    stop = threading.Event()

    def look() -> None:
        if until(played):
            stop.set()

    audio, video = Recorder("audio", played.order, look), Recorder("video", played.order, look)

    def sort() -> None:
        played.chunks = [item for item in played.order if isinstance(item, AudioChunk)]
        played.seen = [item for item in played.order if isinstance(item, VideoFrame | VideoTick)]

    source.run(audio, video, stop)
    sort()
    source.close()
    return played
