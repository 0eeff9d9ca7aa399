"""What counts as kept up with, from events that are made as a daemon makes them."""

from pathlib import Path

import msgspec
import pytest

from streamer.bench.report import Step
from streamer.bench.running import Received
from streamer.bench.staggered import Rotated
from streamer.bench.throughput import _judged
from streamer.bench.timing import Window
from streamer.bench.truth import Turn
from streamer.wire import State
from tests.bench.events import state, utterance

ZERO_S = 10.0
WINDOW = Window(11.0, 20.0)
TURNS = [Turn(1.0, 2.0), Turn(3.0, 4.0), Turn(5.0, 6.0), Turn(7.0, 8.0)]
STATES = [state(ZERO_S, quarters / 4, 0.01) for quarters in range(1, 41)]
SAID = [utterance(ZERO_S, turn.start_s - 0.2, turn.end_s + 0.03, work_ms=12.0) for turn in TURNS]
GOOD = [*STATES, *SAID]


def judged(*sources: list[Received], turns: list[list[Turn]] | None = None) -> Step:
    names = [f"s{index}" for index in range(len(sources))]
    played = [Rotated(Path("x"), of_one) for of_one in turns or [TURNS] * len(sources)]
    received = {name: sorted(events, key=lambda one: one.at_s) for name, events in zip(names, sources, strict=True)}
    return _judged(names, played, received, WINDOW, cpu_s=1.0, memory_mb=1.0)


def test_sources_that_hear_what_is_due_in_time_are_kept_up_with() -> None:
    step = judged(GOOD, GOOD)
    assert step.kept
    assert (step.utterances, step.due) == (8, 8)
    assert step.late_s == pytest.approx(0.01, abs=0.002)


@pytest.mark.parametrize(
    ("source", "late_s"),
    [
        pytest.param([], None, id="it says nothing"),
        pytest.param(STATES[:2], None, id="it no longer runs when the window begins"),
        pytest.param([one for one in GOOD if one.at_s > WINDOW.begin_s], None, id="it runs too late"),
        pytest.param(
            [state(ZERO_S, n / 10, 0.9 * n) for n in range(1, 11)], 8.1, id="it hears nobody and is ever further behind"
        ),
        pytest.param([one for one in GOOD if one.at_s < 19.0 - 1.5], 2.25, id="it falls silent"),
        pytest.param(STATES, 0.0, id="it is in time and deaf"),
    ],
)
def test_one_source_that_fails_is_enough_however_many_are_good(source: list[Received], late_s: float | None) -> None:
    step = judged(*[GOOD] * 40, source)
    assert not step.kept
    assert step.late_s == (None if late_s is None else pytest.approx(late_s, abs=0.26))


def test_one_turn_in_ten_may_be_missed_and_no_more() -> None:
    assert judged(GOOD, GOOD, [*STATES, *SAID[1:]]).kept
    step = judged([*STATES, *SAID[:1]])
    assert not step.kept
    assert (step.utterances, step.due) == (1, 4)


def test_a_source_in_which_nobody_was_to_speak_need_not_hear_anybody() -> None:
    assert judged(GOOD, STATES, turns=[TURNS, []]).kept


@pytest.mark.parametrize("lost", ["audio", "video"])
def test_what_is_dropped_is_not_kept_up_with(lost: str) -> None:
    *before, last = STATES
    assert isinstance(last.event, State)
    dropped = last._replace(event=msgspec.structs.replace(last.event, dropped={"audio": 0, "video": 0, lost: 1}))
    assert not judged(GOOD, [*before, dropped, *SAID]).kept
