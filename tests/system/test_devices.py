"""The daemon with a microphone that goes, and a camera that is not there."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer import wire
from streamer.client import subscribe
from tests.sources.pulse import Pulse, pulse_server
from tests.system.conftest import command


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    with pulse_server() as server:
        yield server


@pytest.mark.slow
def test_what_is_missing_and_what_goes_is_said_while_it_is_so(pulse: Pulse, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/events"
    words = command("--camera", "77", "--mic", "default", "--asr", "none", "--bind", endpoint)
    with subscribe(endpoint, topics=["state"], timeout_s=60) as events:
        daemon = subprocess.Popen(words, env=pulse.environment, cwd=tmp_path)
        states = (event for event in events if isinstance(event, wire.State))
        heard = next(state for state in states if state.speech_prob is not None)
        pulse.stop()
        gone = [next(s for s in states if "is it unplugged?" in (s.error or "")) for _ in range(4)]
        pulse.start()
        back = next(state for state in states if state.speech_prob is not None)
        daemon.send_signal(signal.SIGINT)
    assert daemon.wait(20) == 0
    for state in (heard, *gone, back):
        assert "camera 77: there is none" in (state.error or "")
    assert {state.stream_s for state in gone} == {gone[0].stream_s}
    assert gone[-1].speech_prob is None
    assert "is it unplugged?" not in (back.error or "")
