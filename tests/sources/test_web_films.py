"""Films on a web server: recordings, whatever is written in them."""

from pathlib import Path

import pytest

from tests.sources.conftest import Ffmpeg, Play
from tests.sources.senders import film_server


def test_a_film_on_a_web_server_that_does_not_say_how_long_it_is_is_played_once_and_not_live(
    film: Path, ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded.mkv"
    ffmpeg("-i", film, "-c", "copy", "-live", "1", recorded)  # as a browser's MediaRecorder does
    with film_server(recorded.read_bytes()) as server:
        played = play(server.url, until=lambda played: played.order[-1].time_s > 4.0)
    assert played.source.live is False
    assert played.end_s == pytest.approx(3.0, abs=0.1)
    assert played.told == []
