"""Publishers on free ports, closed after each test."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from streamer.publish import Publisher
from streamer.settings import PublishSettings

OpenPublisher = Callable[..., Publisher]


@pytest.fixture
def hung_disk(tmp_path: Path) -> Iterator[Path]:
    """The path of a recording that takes a few events and then nothing more: a pipe that nobody reads, until the test is over."""
    path = tmp_path / "hung.jsonl"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield path
    os.close(reader)


@pytest.fixture
def publisher_of() -> Iterator[OpenPublisher]:
    """Opens publishers with the settings of `publish` that it is given, by default at a free port of loopback."""
    with ExitStack() as opened:

        def open_publisher(*, session: str = "first", **settings: Any) -> Publisher:
            publisher = Publisher(PublishSettings(**{"bind": "tcp://127.0.0.1:*"} | settings), ["cam"], session=session)
            opened.callback(publisher.close)
            return publisher

        yield open_publisher
