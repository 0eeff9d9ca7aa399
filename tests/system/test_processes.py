"""More sources than one process serves."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from streamer import wire
from streamer.bench.processes import family
from streamer.client import subscribe
from tests.system.conftest import CLIP, Ffmpeg, Json, Ran, command, environment, read_events
from tests.system.test_events import timeless

Run = Callable[..., Ran]

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has one process")


def _configured(folder: Path, urls: dict[str, Path], *, pace: str, each: int = 1) -> Path:
    tables = "".join(f'[[source]]\nname = "{name}"\nurl = "{url}"\npace = "{pace}"\n' for name, url in urls.items())
    path = folder / "sources.toml"
    path.write_text(f'[inference]\nsources_per_process = {each}\n[asr]\nengine = "none"\n{tables}')
    return path


def test_sources_in_several_processes_give_what_they_give_in_one(run: Run, made: Ffmpeg, tmp_path: Path) -> None:
    film = made("beginning.mp4", "-t", "5", "-i", CLIP, "-c", "copy")
    urls = dict.fromkeys(("a", "b", "c"), film)
    together, apart = (run("--config", _configured(tmp_path, urls, pace="fast", each=each)) for each in (3, 1))
    assert apart.code == together.code == 0
    for kind in ("utterance", "partial", "state"):
        for name in urls:
            assert timeless(apart.of(kind, name)) == timeless(together.of(kind, name))
    assert apart.of("utterance")
    assert sorted(apart.err.splitlines()) == sorted(together.err.splitlines())
    assert "a: 2 utterances; nothing dropped" in apart.err


def test_a_source_that_cannot_be_opened_in_its_process_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    ran = run("--config", _configured(tmp_path, {"a": CLIP, "b": tmp_path / "none.mp4"}, pace="fast"))
    assert ran.code == 2
    assert ran.err.strip().endswith("none.mp4: no such file; give a file, or an rtsp://, udp:// or http:// address")
    assert ran.err.count("\n") == 1


def test_a_process_that_dies_fails_its_sources_and_no_others(tmp_path: Path) -> None:
    config = _configured(tmp_path, {"a": CLIP, "b": CLIP}, pace="realtime")
    endpoint, record = f"ipc://{tmp_path}/events", tmp_path / "events.jsonl"
    with subscribe(endpoint, topics=["utterance", "state"], timeout_s=60) as events:
        words = command("--config", config, "--bind", endpoint, "--record", record)
        daemon = subprocess.Popen(words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
        try:
            spoken: set[str | None] = set()
            for event in events:
                spoken |= {event.source} if isinstance(event, wire.Utterance) else set()
                if len(spoken) == 2:
                    break
            os.kill(next(filter(_serves_sources, family(daemon.pid))), signal.SIGKILL)
            failed = next(e for e in events if isinstance(e, wire.State) and e.activity == "failed")
            after = next(e for e in events if isinstance(e, wire.State) and e.source != failed.source)
            daemon.send_signal(signal.SIGTERM)
            _, err = daemon.communicate(timeout=20)
        finally:
            daemon.kill()
            daemon.communicate()
    assert failed.error == "process: ended with code -9"
    assert after.error is None
    assert daemon.returncode == 1
    assert f"{failed.source}: " in err
    assert "ended by an error: process: ended with code -9" in err
    assert _last(read_events(record), after.source)["activity"] == "ended"


def _serves_sources(pid: int) -> bool:
    return b"--multiprocessing-fork" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _last(events: list[Json], source: str | None) -> Json:
    return [event for event in events if event["source"] == source][-1]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_them_is_heeded_once_and_the_open_utterances_are_published(
    tmp_path: Path, sign: signal.Signals
) -> None:
    config = _configured(tmp_path, {"a": CLIP, "b": CLIP}, pace="realtime")
    endpoint, record = f"ipc://{tmp_path}/events", tmp_path / "events.jsonl"
    with subscribe(endpoint, topics=["partial"], timeout_s=60) as events:
        words = command("--config", config, "--bind", endpoint, "--record", record)
        daemon = subprocess.Popen(words, cwd=tmp_path, env=environment(), start_new_session=True)
        try:
            open_utterance = next(iter(events))
            os.killpg(daemon.pid, sign)  # as a terminal and a service manager do
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
    assert isinstance(open_utterance, wire.Partial)
    said = {event["id"] for event in read_events(record) if event["type"] == "utterance"}
    assert open_utterance.id in said
    assert {_last(read_events(record), name)["activity"] for name in ("a", "b")} == {"ended"}
