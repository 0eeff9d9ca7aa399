"""What the flags of `streamer run` say of sources."""

import pytest
from typer.testing import CliRunner

from streamer.cli import app
from streamer.cli.run import distinct, name_of
from streamer.errors import ConfigError, SourceError
from streamer.settings import Settings


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("media/clip.mp4", "clip"),
        ("media/What now?.mp4", "What-now"),
        ("rtsp://camera:8554/door", "camera-8554-door"),
        ("rtsp://admin:s3cret@cam.lan:554/door", "cam-lan-554-door"),
        ("rtsp://admin:s3cr@t@cam.lan/door", "cam-lan-door"),
        ("rtsp://s3cret@cam.lan", "cam-lan"),
        ("http://cam.lan/video.mjpg?user=a&pwd=hunter2", "cam-lan-video-mjpg"),
        ("http://cam.lan?pwd=hunter2@home", "cam-lan"),
        ("http://cam.lan/live#token=abc", "cam-lan-live"),
        ("https://cam.lan/a@b/live", "cam-lan-a-b-live"),
        ("srt://:9000?passphrase=hunter2", "9000"),
        ("udp://@:5000", "5000"),
        ("http://a:b@", "source"),
    ],
)
def test_a_source_is_named_after_its_address_without_what_is_secret_in_it(url: str, name: str) -> None:
    assert name_of(url) == name
    assert Settings.model_validate({"source": [{"name": name, "url": url}]})


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["clip", "door"], ["clip", "door"]),
        (["clip", "clip", "clip"], ["clip", "clip-2", "clip-3"]),
        (["clip", "clip", "clip-2"], ["clip", "clip-3", "clip-2"]),
        (["clip-2", "clip", "clip", "clip"], ["clip-2", "clip", "clip-3", "clip-4"]),
        (["a", "a", "a-2", "a-2"], ["a", "a-3", "a-2", "a-2-2"]),
        (["x" * 64, "x" * 64], ["x" * 64, "x" * 62 + "-2"]),
        ([], []),
    ],
)
def test_a_name_that_comes_again_is_numbered_and_never_becomes_one_that_another_source_has(
    names: list[str], given: list[str]
) -> None:
    assert distinct(names) == given
    assert len(set(given)) == len(given)


def test_files_of_one_name_from_two_folders_are_opened() -> None:
    words = ["run", "--source", "a/live.mp4", "--source", "b/live.mp4", "--camera", "0"]
    with pytest.raises(SourceError, match=r"^a/live\.mp4: no such file"):
        CliRunner().invoke(app, words, catch_exceptions=False)


@pytest.mark.parametrize("words", [["--pace", "fast"], ["--subtitles", "film.srt"]])
@pytest.mark.parametrize("others", [[], ["--camera", "0"], ["--mic", "default"]])
def test_a_flag_of_files_without_a_file_is_refused(words: list[str], others: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"^{words[0]} goes with --source; .* into its \[\[source\]\] table$"):
        CliRunner().invoke(app, ["run", *others, *words], catch_exceptions=False)


def test_a_channel_is_one_of_a_sound() -> None:
    with pytest.raises(ConfigError, match=r"^--channel goes with --source or --mic; .* into its \[\[source\]\] table$"):
        CliRunner().invoke(app, ["run", "--channel", "1"], catch_exceptions=False)
    with pytest.raises(ConfigError, match="channel is one of a microphone or of a url, and it has neither"):
        CliRunner().invoke(app, ["run", "--channel", "1", "--camera", "0", "--no-mic"], catch_exceptions=False)
    with pytest.raises(
        ConfigError, match=r"channel: expected a number greater than or equal to 1, got 0 \(flag --channel\)"
    ):
        CliRunner().invoke(app, ["run", "--channel", "0", "--source", "a.mp4"], catch_exceptions=False)


def test_one_film_s_words_are_not_taken_for_another_s() -> None:
    words = ["run", "--source", "a.mp4", "--source", "b.mp4", "--subtitles", "a.srt"]
    with pytest.raises(ConfigError, match=r"^--subtitles goes with one --source: .* `subtitles` for each into config"):
        CliRunner().invoke(app, words, catch_exceptions=False)
