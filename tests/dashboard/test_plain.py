import io
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from streamer.channel import Channel, WhenFull
from streamer.dashboard import print_json, print_lines
from streamer.dashboard.marks import alternatives, clock, milliseconds, share
from streamer.wire import Event, decode
from tests import talk


def channel_of(events: Iterable[Event]) -> Channel[Event]:
    channel = Channel[Event]("test", 1000, WhenFull.WAIT)
    for event in events:
        channel.put(event)
    channel.close()
    return channel


def lines_of(events: Iterable[Event]) -> list[str]:
    out = io.StringIO()
    print_lines(channel_of(events), out)
    return out.getvalue().splitlines()


def test_an_utterance_is_one_line() -> None:
    said = talk.utterance("cam", 1, 3.2, 5.84)
    said = msgspec.structs.replace(said, latency_ms={**said.latency_ms, "total": 420.6})
    assert lines_of([said]) == [
        'cam  00:03.2–00:05.8  surprise 0.55 or joy (positive) "I can\'t believe it!" face 1 · text .60 audio .25 video .15 · 421 ms'
    ]


def test_what_an_utterance_lacks_is_left_out() -> None:
    said = talk.utterance("cam", 0, 0.0, 3661.25, {"text": "no speech recognition", "video": "no camera"})
    assert lines_of([said]) == ["cam  00:00.0–1:01:01.2  neutral 0.72 (neutral) · audio 1.0"]


def test_a_talk_is_told_once_per_change() -> None:
    lines = lines_of(talk.talk(until_s=20.0, ends=True))
    assert lines[0] == (
        "cam  audio USB microphone · video /dev/video0 · asr pocketsphinx/en-us · faces yunet · bundle small 1 · no video: no face in view"
    )
    assert lines[-1] == "cam  00:20.0  ended after 3 utterances"
    assert len(lines) == 2 + 3


def test_a_trouble_is_told_when_it_begins_and_again_when_it_returns() -> None:
    gone = "the microphone has gone"
    errors = [None, gone, gone, None, gone]
    lines = lines_of(talk.state("cam", second, error=error) for second, error in enumerate(errors))
    assert lines[1:] == [f"cam  ! {gone}"] * 2


def test_a_daemon_that_begins_anew_is_introduced_anew_and_its_trouble_told_again() -> None:
    broken = talk.state("cam", 1.0, "failed", error="the microphone has gone")
    once = lines_of([broken])
    assert len(once) == 3
    sessions = [msgspec.structs.replace(broken, session=session) for session in ("a", "a", "b", "c")]
    assert lines_of(sessions) == once * 3


def test_each_line_begins_with_its_source_also_the_first_and_where_there_is_one() -> None:
    events: list[Event] = [talk.state("cam", 0.0), talk.utterance("door", 1, 0.0, 1.0), talk.state("cam", 9.0, "ended")]
    assert [line.split()[0] for line in lines_of(events)] == ["cam", "door", "cam"]
    (introduced, told) = lines_of([talk.state("cam", 9.0, "ended")])  # to somebody who came late
    assert introduced.startswith("cam  audio ")
    assert told.startswith("cam  00:09.0  ended after ")


def test_names_of_files_and_networks_cannot_command_the_terminal() -> None:
    state = talk.state("c\x1bam", 1.0, "ended", error="\x1b[1m")
    evil = "a\x1b[31mb\n\x9b"
    engines = msgspec.structs.replace(
        state.engines, asr=f"subtitles/{evil}", detector=evil, bundle=msgspec.structs.replace(talk.BUNDLE, name=evil)
    )
    state = msgspec.structs.replace(
        state, engines=engines, inputs={"audio": evil, "video": None}, reasons={"video": evil}, dropped={evil: 1}
    )
    lines = lines_of([state, talk.heartbeat("cam", error=evil)])
    assert "asr subtitles/a [31mb · faces a [31mb · bundle a [31mb 1" in lines[0]
    assert all(line.isprintable() for line in lines)


def test_json_lines_are_the_payloads() -> None:
    events = list(talk.talk(until_s=10.0))
    out = io.StringIO()
    print_json(channel_of(events), out)
    assert [decode(line.encode()) for line in out.getvalue().splitlines()] == events


def test_a_pipe_that_nobody_reads_any_more_is_an_ordinary_end() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as out:  # noqa: PTH123 - a pipe, no path
        events = channel_of(talk.talk(until_s=20.0))
        print_lines(events, out)
    assert isinstance(events.get(0), Event)  # it stopped at the first line, rather than write all of them to nobody


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
def test_a_disk_without_room_ends_the_lines_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as out:
        print_lines(channel_of(talk.talk(until_s=20.0)), out)
    assert caplog.messages == ["nothing more is printed (No space left on device)"]


def test_clock_and_share_round_without_surprise() -> None:
    assert [clock(value) for value in (0.0, 59.96, 3599.97)] == ["00:00.0", "01:00.0", "1:00:00.0"]
    assert [share(value) for value in (0.0, 0.004, 0.994, 0.996, 1.0, -0.001)] == [
        ".00",
        ".00",
        ".99",
        "1.0",
        "1.0",
        ".00",
    ]
    assert [milliseconds(value) for value in (0.04, 9.94, 9.96, 420.4)] == ["0.0", "9.9", "10", "420"]


def test_a_few_alternatives_are_named_and_many_are_counted() -> None:
    told = [
        alternatives(talk.emotion("joy", 0.4, others))
        for others in ((), ("anger",), ("anger", "fear"), ("anger", "fear", "neutral"))
    ]
    assert told == ["", " or anger", " or anger, fear", " or 3 others"]
