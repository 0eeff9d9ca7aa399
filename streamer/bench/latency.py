"""From the true end of speech to a subscriber in another process: recordings with known times, played in real time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from streamer.bench.report import Latency, spread
from streamer.bench.running import PlayedSource, Received, RunningDaemon
from streamer.bench.timing import endings, first_partials_ms, foretold, partial_gaps_ms
from streamer.bench.truth import Turn, read_turns
from streamer.errors import SourceError
from streamer.settings import SegmentSettings
from streamer.wire import State

SEGMENT = SegmentSettings()
"""The defaults, with which the daemon is started."""


class Recording(NamedTuple):
    """Something to play, and who says when somebody speaks in it."""

    path: Path
    truth: Path


def measure_latency(recordings: Sequence[Recording], *, asr: str, tell: Callable[[str], None]) -> Latency:
    """Play one after the other, each to a daemon of its own.

    Args:
        recordings: At least one.
        asr: Engine.
        tell: Called with a line for each utterance.

    Raises:
        SourceError: nobody was heard in any of them.
        StageError: a daemon ended early.
    """
    turns = [read_turns(one.truth, closer_than_s=SEGMENT.min_silence_s) for one in recordings]
    received = [_play(one.path, asr, tell) for one in recordings]
    pairs = list(zip(received, turns, strict=True))
    ends = [end for events, of_one in pairs for end in endings(events, of_one, SEGMENT)]
    if not ends:
        raise SourceError(
            f"{recordings[0].path}: no utterance ends where {recordings[0].truth.name} says that one does"
        )
    states = [event for events in received for event, _, _ in events if isinstance(event, State)]
    ages = [end.frame_age for end in ends if end.frame_age is not None]
    firsts = [delay for events, of_one in pairs for delay in first_partials_ms(events, of_one, SEGMENT)]
    told = [one for events, of_one in pairs for one in foretold(events, of_one, SEGMENT)]
    gaps = [gap for events in received for gap in partial_gaps_ms(events)]
    stages = list(dict.fromkeys(name for end in ends for name in end.stages))
    return Latency(
        recordings=[one.path.name for one in recordings],
        asr=states[-1].engines.asr if states else None,
        spoken=sum(len(of_one) for of_one in turns),
        heard=len(ends),
        endpoint_to_received_ms=spread([end.endpoint_to_received for end in ends]),
        speech_end_to_received_ms=spread([end.speech_end_to_received for end in ends]),
        stages_ms={name: spread([end.stages.get(name, 0.0) for end in ends]) for name in stages},
        frame_age_ms=spread(ages) if ages else None,
        first_partial_ms=spread(firsts) if firsts else None,
        partial_gap_ms=spread(gaps) if gaps else None,
        speech_end_to_provisional_ms=spread([one.speech_end_to_received_ms for one in told]) if told else None,
        provisional_kept=round(sum(one.kept for one in told) / len(told), 3) if told else None,
        dropped=_dropped(received),
        histogram_ms=sorted(round(end.speech_end_to_received, 1) for end in ends),
    )


def turns_within(turns: Sequence[Turn], start_s: float, end_s: float) -> list[Turn]:
    """Those that end in a span of stream time."""
    return [turn for turn in turns if start_s <= turn.end_s < end_s]


def _play(path: Path, asr: str, tell: Callable[[str], None]) -> list[Received]:
    received = []
    with RunningDaemon([PlayedSource("bench", path)], asr=asr) as daemon:
        for one in daemon.events():
            received.append(one)
            if isinstance(one.event, State):
                tell(f"{path.name}: {one.event.stream_s:.0f} s, {one.event.utterances} utterances")
    return received


def _dropped(received: Sequence[Sequence[Received]]) -> dict[str, int]:
    """By channel, of all recordings."""
    total: dict[str, int] = {}
    for events in received:
        states = [event for event, _, _ in events if isinstance(event, State)]
        for channel, count in (states[-1].dropped if states else {}).items():
            total[channel] = total.get(channel, 0) + count
    return total
