"""Publishers on free ports, closed after each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from streamer.publish import Publisher
from streamer.settings import PublishSettings

OpenPublisher = Callable[..., Publisher]


@pytest.fixture
def publisher_of() -> Iterator[OpenPublisher]:
    """Opens publishers with the settings of `publish` that it is given, by default at a free port of loopback."""
    with ExitStack() as opened:

        def open_publisher(*, session: str = "first", **settings: Any) -> Publisher:
            publisher = Publisher(PublishSettings(**{"bind": "tcp://127.0.0.1:*"} | settings), ["cam"], session=session)
            opened.callback(publisher.close)
            return publisher

        yield open_publisher
