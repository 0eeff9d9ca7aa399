"""What comes out of a clip with a face and a voice."""

import json
import signal
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamer import wire
from streamer.client import subscribe
from streamer.labels import SENTIMENTS_OF
from streamer.settings import SegmentSettings
from tests.system.conftest import CLIP, Ffmpeg, Json, Ran, command, environment, read_events

Run = Callable[..., Ran]


def timeless(events: list[Json]) -> list[Json]:
    """Without what depends on the clock."""
    return [{key: e[key] for key in e if key not in {"session", "time", "latency_ms"}} for e in events]


def test_a_clip_gives_the_same_events_twice_and_they_are_what_was_said_and_seen(clip_runs: tuple[Ran, Ran]) -> None:
    first, second = clip_runs
    assert (first.code, second.code) == (0, 0)
    assert timeless(first.events) == timeless(second.events)

    utterances = first.of("utterance")
    assert len(utterances) >= 5
    for said in utterances:
        assert said["transcript"]["engine"].startswith("pocketsphinx/")
        assert said["speaker"]["track_id"] == 1
        assert all(said["modalities"][name]["used"] for name in ("audio", "video"))
        assert said["sentiment"]["label"] in SENTIMENTS_OF[said["emotion"]["label"]]
        assert said["latency_ms"]["endpoint"] <= 450
    assert sum(said["modalities"]["text"]["used"] for said in utterances) >= len(utterances) - 1
    assert len({said["emotion"]["label"] for said in utterances}) >= 3
    assert all(before["end_s"] <= after["start_s"] + 0.4 for before, after in pairwise(utterances))


def test_partial_events_come_while_speech_goes_on_under_the_id_of_the_utterance(clip_runs: tuple[Ran, Ran]) -> None:
    ran, _ = clip_runs
    for said in ran.of("utterance"):
        partials = [e for e in ran.of("partial") if e["id"] == said["id"]]
        heard_s = [e["end_s"] for e in partials]
        assert heard_s[0] - said["start_s"] <= 0.7
        assert all(after - before <= 0.5 for before, after in pairwise(heard_s))
        assert ran.events.index(partials[-1]) < ran.events.index(said)


def test_in_the_pause_that_becomes_the_end_it_is_said_what_the_utterance_will_be_with_its_words(
    clip_runs: tuple[Ran, Ran],
) -> None:
    ran, _ = clip_runs
    partials = ran.of("partial")
    assert {e["modalities"]["text"]["used"] for e in partials if not e["provisional"]} == {False}
    for said in ran.of("utterance"):
        last = [e for e in partials if e["id"] == said["id"]][-1]
        assert last["provisional"]
        assert last["transcript"] == said["transcript"]
        assert last["modalities"]["text"]["used"] == said["modalities"]["text"]["used"]
        assert last["emotion"]["label"] == said["emotion"]["label"]
        voice_end_s = said["end_s"] - SegmentSettings().pad_s
        assert 0.16 - 0.02 <= last["end_s"] - voice_end_s < 0.25


def test_every_topic_counts_without_a_gap_and_every_event_is_of_the_schema(clip_runs: tuple[Ran, Ran]) -> None:
    ran, _ = clip_runs
    for kind in ("utterance", "partial", "state"):
        assert [e["seq"] for e in ran.of(kind)] == list(range(len(ran.of(kind))))
    for event in ran.events:
        wire.decode(json.dumps(event).encode())
    speaking: dict[str, set[int | None]] = {e["activity"]: set() for e in ran.of("state")}
    for state in ran.of("state"):
        speaking[state["activity"]].add(state["speaker_track_id"])
    assert 1 in speaking["speaking"]
    assert speaking["idle"] == speaking["ended"] == {None}
    last = ran.events[-1]
    assert (last["type"], last["activity"], last["error"]) == ("state", "ended", None)
    assert last["utterances"] == len(ran.of("utterance"))


def test_a_subscriber_in_another_process_gets_what_is_recorded(tmp_path: Path) -> None:
    endpoint, record = f"ipc://{tmp_path}/events", tmp_path / "events.jsonl"
    with subscribe(endpoint, timeout_s=60) as events:
        words = ("--source", CLIP, "--bind", endpoint, "--record", record)
        daemon = subprocess.Popen(command(*words), cwd=tmp_path, env=environment())
        received: list[Json] = []
        for event in events:
            received.append(json.loads(wire.encode(event)))
            if isinstance(event, wire.Utterance) and event.seq == 1:
                daemon.send_signal(signal.SIGTERM)
            if isinstance(event, wire.State) and event.activity == "ended":
                break
    assert daemon.wait(20) == 0
    recorded = read_events(record)
    heard = [e for e in received if e["type"] in {"utterance", "partial"}]
    assert heard == [e for e in recorded if e["type"] in {"utterance", "partial"}][-len(heard) :]
    assert any(e["type"] == "heartbeat" for e in received)


def test_two_sources_run_side_by_side_in_one_daemon(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "two.toml"
    tables = "".join(f'[[source]]\nname = "{name}"\nurl = "{CLIP}"\npace = "fast"\n' for name in ("left", "right"))
    config.write_text(tables)
    ran = run("--config", config)
    assert ran.code == 0
    left, right = ([{**e, "source": "", "id": ""} for e in timeless(ran.of("utterance", n))] for n in ("left", "right"))
    assert left == right
    assert left


def test_the_last_utterance_is_not_lost_when_the_file_ends_in_the_middle_of_a_word(run: Run, made: Ffmpeg) -> None:
    cut = made("cut.mp4", "-t", "1.9", "-i", CLIP)
    (said,) = run("--source", cut, "--pace", "fast").of("utterance")
    assert said["end_s"] == pytest.approx(1.9, abs=0.1)


def test_where_the_sound_of_a_film_ends_its_states_go_on_and_its_utterance_comes_in_time_at_any_pace(
    run: Run, made: Ffmpeg
) -> None:
    film = made("short-sound.mp4", "-t", "4.5", "-i", CLIP, "-af", "atrim=end=2.7", "-c:v", "copy")
    fast, timely = (run("--source", film, "--pace", pace, "--asr", "none").events for pace in ("fast", "realtime"))

    def order(events: list[Json]) -> list[tuple[Any, ...]]:
        return [(e["type"], e.get("id"), e.get("stream_s"), e.get("end_s"), e.get("speech_prob")) for e in events]

    assert order(fast) == order(timely)
    states = [e for e in fast if e["type"] == "state"]
    assert all(0 <= after["stream_s"] - before["stream_s"] < 0.3 for before, after in pairwise(states))
    assert states[-1]["stream_s"] == pytest.approx(4.6, abs=0.15)
    assert (states[-1]["speech_prob"], states[-1]["level_dbfs"]) == (None, None)
    (said,) = (e for e in timely if e["type"] == "utterance")
    ends_s = pytest.approx(2.75, abs=0.01), pytest.approx(2.70, abs=0.01)  # in whole frames of AAC; as FFmpeg 7 cuts it
    assert said["end_s"] in ends_s
    assert said["latency_ms"]["endpoint"] <= 450
    (index,) = (at for at, e in enumerate(fast) if e["type"] == "utterance")
    assert fast[index + 1]["stream_s"] <= 2.75 + 0.45


def test_a_stop_signal_ends_and_publishes_the_open_utterance(tmp_path: Path) -> None:
    record = tmp_path / "events.jsonl"
    endpoint = f"ipc://{tmp_path}/stop"
    with subscribe(endpoint, topics=["partial"], timeout_s=60) as events:
        daemon = subprocess.Popen(command("--source", CLIP, "--bind", endpoint, "--record", record), env=environment())
        open_utterance = next(iter(events))
        assert isinstance(open_utterance, wire.Partial)
        daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    assert [e["id"] for e in read_events(record) if e["type"] == "utterance"] == [open_utterance.id]


def test_without_sound_windows_of_a_face_take_the_place_of_utterances(run: Run, made: Ffmpeg) -> None:
    silent = made("silent.mp4", "-t", "8", "-i", CLIP, "-an", "-c:v", "copy")
    ran = run("--source", silent, "--pace", "fast")
    assert ran.code == 0
    windows = ran.of("utterance")
    assert len(windows) >= 2
    for window in windows[:-1]:
        assert window["end_s"] - window["start_s"] == pytest.approx(3, abs=0.1)
    assert all(w["modalities"]["video"]["used"] and w["transcript"] is None for w in windows)
    assert {w["modalities"]["audio"]["reason"] for w in windows} == {"no microphone"}
    assert ran.of("state")[-1]["speech_prob"] is None


def test_without_pictures_it_runs_on_sound_alone(run: Run, made: Ffmpeg) -> None:
    sound = made("sound.flac", "-t", "6", "-i", CLIP, "-vn")
    ran = run("--source", sound, "--pace", "fast")
    assert ran.of("utterance")
    for said in ran.of("utterance"):
        assert said["speaker"] is None
        assert said["modalities"]["video"]["reason"] == "no camera"


def test_without_a_detector_pictures_do_not_hold_up_the_sound(run: Run, made: Ffmpeg) -> None:
    short = made("short.mp4", "-t", "3", "-i", CLIP, "-c", "copy")
    (said,) = run("--source", short, "--pace", "fast", "--detector", "none", "--asr", "none").of("utterance")
    assert "faces.detector is none" in said["modalities"]["video"]["reason"]
    assert "asr.engine = none" in said["modalities"]["text"]["reason"]


def test_subtitles_take_the_place_of_speech_recognition(run: Run, tmp_path: Path) -> None:
    subtitles = tmp_path / "film.srt"
    subtitles.write_text("1\n00:00:00,900 --> 00:00:02,400\nI am so happy!\n\n")
    said = run("--source", CLIP, "--pace", "fast", "--subtitles", subtitles).of("utterance")[0]
    assert said["transcript"]["text"] == "I am so happy!"
    assert said["transcript"]["engine"] == "subtitles/film.srt"
    assert said["emotion"]["label"] == "joy"


@pytest.mark.slow
@pytest.mark.data
def test_the_address_gives_the_same_events_twice(run: Run, shared_data: Path) -> None:
    first, second = (run("--source", shared_data / "av/faces/address_20s.mp4", "--pace", "fast") for _ in range(2))
    assert timeless(first.events) == timeless(second.events)
    assert len(first.of("utterance")) >= 3
