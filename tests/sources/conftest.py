"""Real files made by ffmpeg, and their playing."""

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamer.errors import DeviceError
from streamer.settings import SourceSettings
from streamer.sources import open_source
from streamer.sources.portaudio import load
from tests.sources.playing import Played, collect

Ffmpeg = Callable[..., None]
Play = Callable[..., Played]


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


@pytest.fixture(scope="session")
def play() -> Play:
    """Opens what the settings name and plays all of it."""

    def run(url: Path | str, until: Callable[[Played], bool] = lambda _: False, **settings: Any) -> Played:
        told: list[str | None] = []
        wanted = SourceSettings(url=str(url), pace=settings.pop("pace", "fast"), **settings)
        return collect(open_source(wanted, told.append), until, told)

    return run


@pytest.fixture(scope="session")
def portaudio() -> None:
    """Skips where PortAudio is not installed."""
    try:
        load()
    except DeviceError as err:
        pytest.skip(str(err))


@pytest.fixture
def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
