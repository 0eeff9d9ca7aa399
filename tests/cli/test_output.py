"""Where the lines go: outputs that know few characters, that are closed, that are full."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamer.cli.demo import CLIP
from streamer.publish import Draft, Publisher
from streamer.settings import PublishSettings
from tests import talk

MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from streamer.cli import main; main()"
"""Shells have SIGINT ignored in background jobs, and children inherit that."""


@contextmanager
def streamer(*words: str, redirected: str = "", env: dict[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    """The command, with a redirection of the shell behind it."""
    with subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-c", MAIN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | (env or {}),
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def published() -> Iterator[Publisher]:
    with Publisher(PublishSettings(bind="tcp://127.0.0.1:*"), ["cam"], session="s") as publisher:
        yield publisher


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1251"])
def test_what_the_output_has_no_character_for_is_a_question_mark_and_the_lines_go_on(encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding}
    with (
        published() as publisher,
        streamer("listen", "utterance", "--pretty", "--connect", publisher.addresses["zmq"], env=env) as listening,
    ):
        assert publisher.wait_for_subscriber(20)
        for number in range(2):
            said = talk.utterance("cam", number, number, number + 1.0)
            assert said.transcript is not None
            said.transcript.text = "信じ"
            publisher.put(Draft(said))
        assert listening.stdout is not None
        lines = [listening.stdout.readline() for _ in range(2)]
        listening.send_signal(signal.SIGINT)
        _, err = listening.communicate(timeout=20)
    assert all('"??"' in line for line in lines)
    assert "Traceback" not in err


@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-"])
def test_an_output_that_is_closed_swallows_what_is_said(redirected: str) -> None:
    with (
        published() as publisher,
        streamer("listen", "--connect", publisher.addresses["zmq"], redirected=redirected) as listening,
    ):
        assert publisher.wait_for_subscriber(20)
        publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
        listening.send_signal(signal.SIGINT)
        _, err = listening.communicate(timeout=20)
    assert listening.returncode == 0
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
def test_an_output_without_room_is_told_once() -> None:
    with (
        published() as publisher,
        streamer("listen", "--connect", publisher.addresses["zmq"], redirected="> /dev/full") as listening,
    ):
        assert publisher.wait_for_subscriber(20)
        for number in range(3):
            publisher.put(Draft(talk.utterance("cam", number, number, number + 1.0)))
        _, err = listening.communicate(timeout=20)
    assert err.splitlines()[1:] == ["streamer: nothing more is printed (No space left on device)"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
@pytest.mark.parametrize("words", [("config", "show"), ("--version",), ("models", "list", "--json")])
def test_an_output_without_room_is_one_line_from_every_verb(words: tuple[str, ...]) -> None:
    with streamer(*words, redirected="> /dev/full") as asked:
        _, err = asked.communicate(timeout=20)
    assert (asked.returncode, err) == (2, "streamer: the output: cannot be written (No space left on device)\n")


@pytest.mark.parametrize("words", [("run", "--source"), ("run", "--source", str(CLIP), "--bundle"), ("keys",)])
def test_a_place_that_cannot_even_be_looked_at_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = tmp_path / ("x" * 300)  # a name that is too long, which root is told too; a closed folder is told alike
    with streamer(*words, str(place)) as asked:
        _, err = asked.communicate(timeout=20)
    assert asked.returncode == 2
    assert err.count("\n") == 1
    assert "File name too long" in err


def test_an_interrupt_while_the_program_is_still_being_imported_is_an_end_in_silence() -> None:
    program = """
import sys
from streamer.__main__ import main
class Interrupted:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
