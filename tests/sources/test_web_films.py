"""Films on a web server: recordings, whatever is written in them."""

import re
import time
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


def test_a_film_whose_connection_breaks_half_way_is_fetched_from_there_and_played_to_its_end(
    film: Path, play: Play
) -> None:
    content = film.read_bytes()
    with film_server(content) as server:
        server.hang_up_at = [len(content) // 2]
        played = play(server.url)
    assert server.ranges == [0, len(content) // 2]
    assert played.end_s == pytest.approx(3.0, abs=0.05)
    assert len(played.frames) == 75
    assert played.told == []


@pytest.mark.slow  # as long as a server may take to come back
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_where_the_server_has_gone_half_way_what_came_is_played_and_it_is_told_that_the_connection_broke(
    name: str, film: Path, ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    path = tmp_path / name
    ffmpeg("-i", film, "-c", "copy", "-movflags", "+faststart", path)
    content = path.read_bytes()
    began_s = time.monotonic()
    with film_server(content) as server:
        server.hang_up_at, server.gone_after = [len(content) // 2], 1
        played = play(server.url)
    assert time.monotonic() - began_s < 10
    assert 0.8 < played.end_s < 2.2
    told = played.told[-1]
    assert told is not None
    assert re.search(
        r"http://\S+/film: the connection broke after [12]\.\d s \(nothing came for 5 s\); play it again", told
    )
    assert "cut off" not in told
