"""From received events to milliseconds: when each utterance truly ended, was decided on, published and received. Pure.

A recording that is played in real time has its stream clock at a fixed place on the monotonic clock, which all processes of a machine
share. Every utterance tells where that is: it was published at `time`, `latency_ms["total"]` after the end of its voice. `time` is cut to
whole milliseconds, so each gives an interval of 1 ms; their intersection is the place, to a fraction of that.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple

from streamer.bench.running import Received
from streamer.bench.truth import Turn
from streamer.settings import PublishSettings, SegmentSettings
from streamer.wire import Partial, State, Utterance

CLOSE_S: Final = 0.6
"""An utterance whose voice ends this near to the end of a turn is that turn's; further away it was cut or mistaken."""
NO_STAGES: Final = ("endpoint", "total", "frame_age")
"""Entries of an utterance's `latency_ms` that are no time spent after the decision."""

RUNNING: Final = ("idle", "speaking", "pause")
STATE_EVERY_S: Final = PublishSettings().state_every_s
"""The default, with which the daemon is started."""


class Ending(NamedTuple):
    """How the end of one utterance came to the subscriber, all in milliseconds."""

    speech_end_to_received: float
    endpoint_to_received: float
    stages: dict[str, float]
    frame_age: float | None


def stream_zero_s(received: Sequence[Received], settings: SegmentSettings) -> float | None:
    """`time.monotonic()` at which the stream clock of one source is 0; None without an utterance."""
    earliest = []
    for event, _, offset_s in received:
        if isinstance(event, Utterance) and "total" in event.latency_ms:
            published_s = datetime.fromisoformat(event.time).timestamp() - offset_s
            earliest.append(published_s - event.latency_ms["total"] / 1000 - _voice_end_s(event, settings))
    return (max(earliest) + min(earliest) + 0.001) / 2 if earliest else None


class _Heard(NamedTuple):
    """A turn that was heard to its end."""

    turn: Turn
    said: Utterance
    at_s: float
    """When it was received."""
    zero_s: float
    """See `stream_zero_s`."""


def _heard(received: Sequence[Received], turns: Sequence[Turn], settings: SegmentSettings) -> Iterator[_Heard]:
    """Of one source; each turn with the utterance whose voice ends where it does."""
    zero_s = stream_zero_s(received, settings)
    if zero_s is None:
        return
    said = [(r.event, r.at_s) for r in received if isinstance(r.event, Utterance) and "total" in r.event.latency_ms]
    for turn in turns:
        near = [(abs(_voice_end_s(e, settings) - turn.end_s), e, at_s) for e, at_s in said if e.start_s < turn.end_s]
        if near:
            distance_s, event, at_s = min(near, key=lambda one: one[0])
            if distance_s < CLOSE_S:
                yield _Heard(turn, event, at_s, zero_s)


def endings(received: Sequence[Received], turns: Sequence[Turn], settings: SegmentSettings) -> list[Ending]:
    """Those of one source whose turn was heard to its end; at most one for each turn."""
    return [_ending(one.said, one.at_s - one.zero_s, one.turn, settings) for one in _heard(received, turns, settings)]


def _ending(said: Utterance, received_s: float, turn: Turn, settings: SegmentSettings) -> Ending:
    """`received_s`: on the stream clock."""
    trace = said.latency_ms
    voice_end_s = _voice_end_s(said, settings)
    own = {stage: value for stage, value in trace.items() if stage not in NO_STAGES}
    return Ending(
        speech_end_to_received=(received_s - turn.end_s) * 1000,
        endpoint_to_received=(received_s - voice_end_s) * 1000 - trace["endpoint"],
        stages={
            "voice": (voice_end_s - turn.end_s) * 1000,
            "endpoint": trace["endpoint"],
            **own,
            "queues": trace["total"] - trace["endpoint"] - sum(own.values()),
            "delivery": (received_s - voice_end_s) * 1000 - trace["total"],
        },
        frame_age=trace.get("frame_age"),
    )


def first_partials_ms(received: Sequence[Received], turns: Sequence[Turn], settings: SegmentSettings) -> list[float]:
    """From the true begin of each turn to the receipt of the first `partial` of its utterance."""
    zero_s = stream_zero_s(received, settings)
    if zero_s is None:
        return []
    firsts: dict[str, Received] = {}
    for one in received:
        if isinstance(one.event, Partial):
            firsts.setdefault(one.event.id, one)
    delays = []
    for turn in turns:
        of_turn = [one for one in firsts.values() if turn.start_s < one.at_s - zero_s < turn.end_s]
        begun = [
            one for one in of_turn if isinstance(one.event, Partial) and one.event.start_s > turn.start_s - CLOSE_S
        ]
        if begun:
            delays.append((min(one.at_s for one in begun) - zero_s - turn.start_s) * 1000)
    return delays


class Foretold(NamedTuple):
    """What was said of an utterance in the pause that became its end."""

    speech_end_to_received_ms: float
    kept: bool
    """The utterance then had the same emotion."""


def foretold(received: Sequence[Received], turns: Sequence[Turn], settings: SegmentSettings) -> list[Foretold]:
    """Of each utterance that is a turn's, the first provisional event after its voice has ended."""
    found = []
    for turn, said, _, zero_s in _heard(received, turns, settings):
        voice_end_s = _voice_end_s(said, settings)
        told = next(
            (
                (event, at_s)
                for event, at_s, _ in received
                if isinstance(event, Partial)
                and event.provisional
                and event.id == said.id
                and event.end_s >= voice_end_s
            ),
            None,
        )
        if told is not None:
            event, at_s = told
            found.append(Foretold((at_s - zero_s - turn.end_s) * 1000, event.emotion.label == said.emotion.label))
    return found


def partial_gaps_ms(received: Sequence[Received]) -> list[float]:
    """Between the partial events of each utterance of one source."""
    times: dict[str, list[float]] = {}
    for event, at_s, _ in received:
        if isinstance(event, Partial):
            times.setdefault(event.id, []).append(at_s)
    return [(after - before) * 1000 for of_one in times.values() for before, after in pairwise(of_one)]


class Window(NamedTuple):
    """While sources are watched, in `time.monotonic()`."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long that is."""
        return self.end_s - self.begin_s


def played_from_s(received: Sequence[Received], settings: SegmentSettings) -> float:
    """`stream_zero_s`; without an utterance the latest that it can be, as no `state` is ahead of its stream; inf where it never ran."""
    zero_s = stream_zero_s(received, settings)
    return min((at_s - state.stream_s for state, at_s in _running(received)), default=inf) if zero_s is None else zero_s


def worst_lag_s(received: Sequence[Received], settings: SegmentSettings, window: Window) -> float:
    """How far behind its clock the source's analysis ever was, as its `state` events show.

    inf where it did not run from before the window into it. One that falls silent is behind by all that it no longer tells of.
    """
    running = _running(received)
    if not running or not running[0][1] <= window.begin_s <= running[-1][1]:
        return inf
    zero_s = played_from_s(received, settings)
    lags_s = [at_s - zero_s - state.stream_s for state, at_s in running]
    if not any(isinstance(event, State) and event.activity == "ended" for event, _, _ in received):
        lags_s.append(window.end_s - zero_s - running[-1][0].stream_s - STATE_EVERY_S)
    return max(lags_s)


def _running(received: Sequence[Received]) -> list[tuple[State, float]]:
    """The states that tell how far the source is, and when each was received."""
    return [(e, at_s) for e, at_s, _ in received if isinstance(e, State) and e.activity in RUNNING and e.stream_s > 0]


def _voice_end_s(said: object, settings: SegmentSettings) -> float:
    """When the voice stopped, as the segment stage has it: before the padding."""
    return said.end_s - settings.pad_s if isinstance(said, Utterance) else float("inf")
