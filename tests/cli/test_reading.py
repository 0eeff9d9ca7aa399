"""What `streamer listen` and `streamer watch` say of what cannot come, and of what never came."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import zmq
from typer.testing import CliRunner

from streamer.cli import app
from streamer.errors import ConfigError
from streamer.wire import encode
from tests import talk
from tests.cli.test_output import streamer
from tests.system.test_ending import ON_A_TERMINAL


@pytest.mark.parametrize(
    ("topic", "nearest"),
    [
        ("utterances", "utterance"),
        ("utterence.cam", "utterance.cam"),
        ("heartbeats", "heartbeat"),
        ("heartbeat.cam", "heartbeat"),
        ("clip", "utterance.clip"),
        ("my.clip", "utterance.my.clip"),
        ("UTTERANCE", "utterance"),
    ],
)
def test_a_topic_that_nothing_can_have_is_refused_with_the_nearest(topic: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=rf"^TOPIC '{topic}': no topic begins so; did you mean '{nearest}'\?"):
        CliRunner().invoke(app, ["listen", "utterance", topic], catch_exceptions=False)


@pytest.mark.parametrize("topic", ["utterance", "utterance.", "utterance.cam", "utt", "state.camera2", "heartbeat"])
def test_the_beginning_of_a_topic_is_listened_to(topic: str) -> None:
    with pytest.raises(Exception, match="no address of a publisher"):  # the topic has been accepted
        CliRunner().invoke(app, ["listen", topic, "--connect", "nowhere"], catch_exceptions=False)


@pytest.mark.parametrize("verb", [("listen", "--connect"), ("watch",)])
def test_what_was_published_and_never_came_is_told_at_the_end(tmp_path: Path, verb: tuple[str, ...]) -> None:
    endpoint = f"ipc://{tmp_path}/events"
    with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
        publisher.linger = 0
        publisher.bind(endpoint)
        with streamer(*verb, endpoint) as asked:
            publisher.recv()  # its subscription
            for seq in (0, 4, 5, 7):
                said = talk.utterance("cam", 0, 0.0, 1.0)
                said = msgspec.structs.replace(said, session="s", seq=seq, time="2026-11-21T10:00:00.000Z")
                publisher.send_multipart([b"utterance.cam", encode(said)])
            assert asked.stdout is not None
            for _ in range(4):
                asked.stdout.readline()
            asked.send_signal(signal.SIGINT)
            _, err = asked.communicate(timeout=20)
    assert err.splitlines()[1:] == [
        "what came lacks 4 events (utterance.cam 4): it was read too slowly, or the connection broke"
    ]


@pytest.mark.parametrize("verb", ["listen", "watch"])
def test_the_help_says_where_the_address_is_not_read_and_which_is_taken(verb: str) -> None:
    helped = " ".join(CliRunner().invoke(app, [verb, "--help"]).stdout.split())
    assert "is not looked up in config.toml. [tcp://127.0.0.1:5599]" in helped


@pytest.mark.parametrize("verb", [("listen", "--connect"), ("watch",)])
def test_an_address_at_which_nothing_answers_is_told_after_a_while(tmp_path: Path, verb: tuple[str, ...]) -> None:
    with streamer(*verb, f"ipc://{tmp_path}/nobody") as asked:
        assert asked.stderr is not None
        lines = [asked.stderr.readline() for _ in range(2)]
        asked.send_signal(signal.SIGINT)
        asked.communicate(timeout=20)
    assert lines[1] == f"nothing answers at ipc://{tmp_path}/nobody yet; is a streamer running there?\n"


@contextmanager
def watching(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`streamer watch` on a terminal of its own, with its first picture drawn; gives the other end of that terminal."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", ON_A_TERMINAL, sys.executable, "-m", "streamer", "watch", f"ipc://{folder}/nobody"]
    env = os.environ | {"COLUMNS": "100", "LINES": "30", "TERM": "xterm-256color"}
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as watch:
        os.close(theirs)
        try:
            seen = b""
            while b"\x1b[J" not in seen:
                seen += os.read(ours, 65536)
            yield watch, ours
        finally:
            watch.kill()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back_as_ctrl_c_does(tmp_path: Path, sign: signal.Signals) -> None:
    with watching(tmp_path) as (watch, terminal):
        watch.send_signal(sign)
        seen = b""
        with suppress(OSError):  # the program has closed its end
            while piece := os.read(terminal, 65536):
                seen += piece
        os.close(terminal)
        assert watch.wait(20) == 0
    assert seen.endswith(b"\x1b[?25h\x1b[?1049l")


def test_a_terminal_that_is_closed_ends_the_dashboard_in_order(tmp_path: Path) -> None:
    with watching(tmp_path) as (watch, terminal):
        os.close(terminal)
        assert watch.wait(20) == 0
