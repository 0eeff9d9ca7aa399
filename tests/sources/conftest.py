"""Real files made by ffmpeg, and what a source puts on its channels."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.channel import Channel, WhenFull
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, AudioChunk, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources import Source, open_source

Ffmpeg = Callable[..., None]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """Runs ffmpeg with the words given."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg to make the files it reads: sudo apt install ffmpeg")

    def run(*words: str | Path) -> None:
        subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True, timeout=60)

    return run


@pytest.fixture(scope="session")
def film(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds: a test picture of 320x240 at 25 fps, and 440 Hz in 44.1 kHz stereo."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture, sound = "testsrc=s=320x240:r=25:d=3", "sine=440:r=44100:d=3"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-ac", "2",
           "-movflags", "+faststart", path)  # fmt: skip
    return path


@dataclass
class Played:
    """Everything that a source gave."""

    source: Source
    chunks: list[AudioChunk] = field(default_factory=list)
    seen: list[VideoFrame | VideoTick] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)
    order: list[AudioChunk | VideoFrame | VideoTick] = field(default_factory=list)
    """All of it, in the order in which it was put."""

    @property
    def frames(self) -> list[VideoFrame]:
        return [item for item in self.seen if isinstance(item, VideoFrame)]

    @property
    def ticks(self) -> list[VideoTick]:
        return [item for item in self.seen if isinstance(item, VideoTick)]

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


Play = Callable[..., Played]


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
        played.seen = [item for item in played.order if not isinstance(item, AudioChunk)]

    source.run(audio, video, stop)
    sort()
    source.close()
    return played


@pytest.fixture(scope="session")
def play() -> Play:
    """Opens what the settings name and plays all of it."""

    def run(url: Path | str, until: Callable[[Played], bool] = lambda _: False, **settings: Any) -> Played:
        told: list[str | None] = []
        wanted = SourceSettings(url=str(url), pace=settings.pop("pace", "fast"), **settings)
        return collect(open_source(wanted, told.append), until, told)

    return run


@pytest.fixture
def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
