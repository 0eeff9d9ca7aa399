"""What an address leads to."""

from types import SimpleNamespace
from typing import Any

import pytest

from streamer.sources.container import is_live


def opened(size: int | None, duration: int | None) -> Any:
    """What PyAV says of a container; of a stream's size a negative number until its version 19, and None since."""
    return SimpleNamespace(size=size, duration=duration, format=SimpleNamespace(name="matroska,webm"))


@pytest.mark.parametrize(
    ("size", "duration", "live"),
    [(None, None, True), (-78, None, True), (4096, None, False), (None, 1_000_000, False)],
)
def test_a_stream_has_neither_length_nor_size_however_that_is_told(
    size: int | None, duration: int | None, live: bool
) -> None:
    assert is_live("http://host/film", opened(size, duration)) is live
