"""The picture by its text: what is in it, and that it fits."""

import io
import re
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, Group

from streamer.dashboard.model import Model
from streamer.dashboard.view import picture
from streamer.labels import EMOTIONS, SENTIMENTS
from streamer.publish.stamp import Draft, Stamper
from streamer.wire import EmotionField, Event, Partial, Utterance
from tests import talk


def model_of(*streams: Iterable[Event]) -> Model:
    """All events of the streams, as a subscriber gets them."""
    model, stamper = Model("tcp://127.0.0.1:5599"), Stamper("s")
    for stream in streams:
        for event in stream:
            model.fold(stamper.stamp(Draft(event, since_s=time.monotonic() - 0.42)), 0.0)
    return model


def text_of(model: Model, width: int, height: int) -> list[str]:
    """The picture's lines."""
    console = Console(record=True, width=width, height=height, file=io.StringIO(), force_terminal=True)
    console.print(Group(*picture(model, width, height)))
    return console.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_one_source_is_shown_with_everything_that_is_known_of_it(width: int, height: int) -> None:
    lines = text_of(model_of(talk.talk()), width, height)
    assert [cell_len(line) for line in lines] == [width] * height
    text = "\n".join(lines)
    shown = [
        "streamer 0.1.0", "bundle small 1 3fa2b1c", "1240 events", "up 02:52",
        "cam", "● speaking 02:52.0", "voice ━", ".93", "level ━", "-21 dB",
        "face #1 speaks, found .98, 118×151 px at 212,80", "2 in view", "“This is the best news …", "so far",
        "text     – ", "the words may still change", "audio    ━", ".62", "video    ━", ".38",
        "-3 min", "-2 min", "-1 min", "now", "█", "▀",
        "surprise? .55 positive  #1   .83   I can't believe it!",
        "ms p50/p95  total 42", "endpoint 402/402", "asr 3.0/3.0", "fusion 0.6/0.6",
        "asr pocketsphinx/en-us", "faces yunet", "on CPU", "in USB microphone, /dev/video0",
        *EMOTIONS, *SENTIMENTS,
    ]  # fmt: skip
    assert [piece for piece in shown if piece not in text] == []
    assert "…" not in text.replace("news …", "").replace("thank you…", ""), "something was cut"


@pytest.mark.parametrize(("width", "height"), [(120, 36), (200, 50)])
def test_what_a_modality_says_by_itself_stands_beside_how_much_it_counted(width: int, height: int) -> None:
    events = list(talk.talk(ends=True))
    for event in events:
        if isinstance(event, Utterance | Partial):
            for field in event.modalities.values():
                field.emotion = EmotionField(label="surprise", probs={}, set=["surprise"], uncertain=False)
    lines = text_of(model_of(events), width, height)
    assert [cell_len(line) for line in lines] == [width] * height
    assert re.search(r"audio +[━─]+ \.\d\d surprise", "\n".join(lines))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_two_sources_stand_side_by_side_each_with_its_bars_and_strip(width: int, height: int) -> None:
    lines = text_of(model_of(talk.talk("cam"), talk.talk("door", until_s=61, ends=True)), width, height)
    assert [cell_len(line) for line in lines] == [width] * height
    left, right = (
        "\n".join(half) for half in zip(*((line[: width // 2], line[width // 2 :]) for line in lines[1:]), strict=True)
    )
    for half, name, activity in [(left, "cam", "● speaking"), (right, "door", "■ ended")]:
        assert name in half
        assert activity in half
        assert [label for label in (*EMOTIONS, *SENTIMENTS) if f"{label:<9}" not in half] == []
        assert "-3 min" in half
        assert "█" in half


def test_after_an_utterance_its_verdict_words_and_doubt_are_shown() -> None:
    text = "\n".join(text_of(model_of(list(talk.talk())[:-2]), 80, 24))
    assert "○ idle" in text
    assert "“I can't believe it!”  heard .83" in text
    assert "surprise .55 or joy" in text
    assert "02:42.7 – 02:45.1   positive .80" in text
    assert "face #1 spoke, mouth agrees .91" in text


def test_what_was_said_stands_in_columns_also_after_an_hour() -> None:
    said = [
        talk.utterance("cam", number, start_s, start_s + 1.0)
        for number, start_s in enumerate((3590.0, 3605.0, 36005.0))
    ]
    lines = text_of(model_of(said, [talk.utterance("cam", 3, 36010.0, 36011.0)]), 80, 40)
    table = [
        line for line in lines if any(start in line for start in ("when  ", "59:50.0 ", "1:00:05.0 ", "10:00:05.0 "))
    ]
    assert len(table) == 4
    column = table[0].index("emotion")
    assert [line[column - 1 : column + 3] for line in table] == [" emo", " joy", " sur", " neu"]


def test_what_is_missing_says_why() -> None:
    masked = talk.utterance("cam", 3, 1.0, 4.0, {"video": "no face in view", "text": "no speech recognition"})
    text = "\n".join(text_of(model_of([talk.state("cam", 4.0, speech_prob=None), masked]), 80, 24))
    assert "no microphone" in text
    assert "no face spoke: no face in view" in text
    assert "(no words)" in text
    assert "text: no speech recognition" in text


def test_troubles_are_shown() -> None:
    model = model_of(
        [
            talk.heartbeat("cam", error="/x: the recording ends here"),
            talk.state("cam", 9.0, "failed", error="the camera has gone"),
        ]
    )
    model.now_s, model.lost = model.heard_s + 5, 7
    text = "\n".join(text_of(model, 120, 30))
    for piece in (
        "✖ failed",
        "! the camera has gone",
        "dropped: video 3",
        "the recording ends here",
        "no sign of life for 5 s",
        "lost here 7",
    ):
        assert piece in text


def test_before_the_first_event_it_says_what_it_waits_for() -> None:
    assert "waiting for events from tcp://127.0.0.1:5599" in "\n".join(text_of(Model("tcp://127.0.0.1:5599"), 80, 24))


def test_words_cannot_command_the_terminal() -> None:
    said = talk.utterance("cam", 0, 0.0, 1.0)
    assert said.transcript is not None
    said.transcript.text = "a\x1b[2Jb\x9bc\nd [bold]e[/bold] \u202ef"
    text = "\n".join(text_of(model_of([talk.state("cam", 1.0), said]), 80, 24))
    assert "“a [2Jb c d [bold]e[/bold] f”" in text
    assert not any(char in text for char in "\x1b\x9b\u202e")


def test_words_of_double_width_do_not_shift_the_frame() -> None:
    said = talk.utterance("cam", 0, 0.0, 1.0)
    assert said.transcript is not None
    said.transcript.text = "信じられない 👏 " * 8
    for lines in (text_of(model_of([said, talk.utterance("cam", 1, 1.0, 2.0)]), width, 24) for width in (80, 60)):
        assert {cell_len(line) for line in lines} in ({80}, {60})


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 230), height=st.integers(1, 70), sources=st.integers(1, 5))
def test_the_picture_fits_every_terminal(width: int, height: int, sources: int) -> None:
    model = model_of(*(talk.talk(f"source{place}", until_s=6.0) for place in range(sources)))
    lines = text_of(model, width, height)
    if width < 24:
        return  # cut by the terminal
    assert max(cell_len(line) for line in lines) <= width
    rows_of_frames = -(-sources // min(sources, max(1, width // 40)))
    if height >= 1 + 3 * rows_of_frames:  # a frame has three lines at least; what is more is cut by the terminal
        assert len(lines) == height
