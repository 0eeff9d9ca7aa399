"""The examples as they stand, each in a process of its own, against a real publisher."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.publish import Draft, Publisher
from streamer.settings import PublishSettings
from tests import talk

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
EXPECTED = ["cam: neutral (neutral): Good morning everyone, thank you for coming.", "cam: joy (positive): (no words)"]


@pytest.fixture(params=["tcp://127.0.0.1:*", "tcp://[::1]:*"])
def publisher(request: pytest.FixtureRequest) -> Iterator[Publisher]:
    with Publisher(PublishSettings(bind=request.param), ["cam"], session="s") as made:
        yield made


def lines_of(publisher: Publisher, *command: str) -> list[str]:
    """What an example prints of two utterances."""
    with subprocess.Popen([*command, publisher.addresses["zmq"]], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert publisher.wait_for_subscriber(30)
            publisher.put(Draft(talk.state("cam", 1.0)))
            publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
            publisher.put(Draft(talk.utterance("cam", 2, 1.0, 2.0, {"text": "no speech recognition"})))
            assert child.stdout is not None
            return [child.stdout.readline().rstrip("\n") for _ in EXPECTED]
        finally:
            child.kill()


@pytest.mark.parametrize("name", ["subscribe.py", "subscribe_plain.py"])
def test_the_python_examples_print_what_was_said(name: str, publisher: Publisher) -> None:
    assert lines_of(publisher, sys.executable, str(EXAMPLES / name)) == EXPECTED


@pytest.mark.parametrize("name", ["subscribe.py", "subscribe_plain.py"])
def test_ctrl_c_is_the_ordinary_end_of_a_python_example(name: str, publisher: Publisher) -> None:
    program = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{program}; runpy.run_path(sys.argv.pop(1))", str(EXAMPLES / name)]
    with subprocess.Popen([*command, publisher.addresses["zmq"]], stderr=subprocess.PIPE, text=True) as child:
        try:
            assert publisher.wait_for_subscriber(30)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=20)
            assert err == ""
            assert child.returncode == 0
        finally:
            child.kill()


def test_the_plain_example_needs_nothing_of_ours() -> None:
    assert "streamer" not in "".join(
        line for line in (EXAMPLES / "subscribe_plain.py").read_text().splitlines() if "import" in line
    )


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The JavaScript example beside its dependency, installed once into `cache/npm`."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    folder = ROOT / "cache" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXAMPLES / "package.json", folder)
    if not (folder / "node_modules" / "zeromq").is_dir():
        made = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        if made.returncode != 0:
            pytest.skip(f"npm cannot install zeromq here: {made.stderr.strip().splitlines()[-1:]}")
    return Path(shutil.copy(EXAMPLES / "subscribe.mjs", folder))


def test_the_javascript_example_prints_what_was_said(javascript: Path, publisher: Publisher) -> None:
    assert lines_of(publisher, "node", str(javascript)) == EXPECTED


@pytest.mark.parametrize("name", ["subscribe.py", "subscribe_plain.py", "subscribe.mjs"])
def test_an_example_is_short_enough_to_read(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= 20
