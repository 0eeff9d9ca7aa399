"""How many sources in real time one daemon keeps up with: more and more of them, until it does not."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

from streamer.bench.latency import SEGMENT, Recording, turns_within
from streamer.bench.report import Step, Throughput, spread
from streamer.bench.running import PlayedSource, Received, RunningDaemon
from streamer.bench.staggered import Rotated, begins_s, rotated
from streamer.bench.timing import Window, endings, played_from_s, worst_lag_s
from streamer.bench.truth import read_turns
from streamer.errors import SourceError
from streamer.sources.container import audio_stream, open_container, video_stream
from streamer.wire import State

LIMIT_MS: Final = 550.0
LATE_S: Final = 1.0
"""A recording waits where a microphone would lose sound: a source whose analysis was ever this far behind counts as one that lost some.
(A live source loses sound when it is 4 s behind.)"""
START_S: Final = 30.0
"""A daemon whose sources do not all run by then does not keep up."""
HEARD_SHARE: Final = 0.9
"""Of the turns that were due: the detector may miss one or join two, though of the packaged recordings it hears all. A source that
hears none of its own is not kept up with, however many the others hear."""


class Series(NamedTuple):
    """What is tried with more and more sources."""

    name: str
    with_video: bool
    with_asr: bool
    counts: tuple[int, ...]


SERIES: Final = (
    Series("av", with_video=True, with_asr=False, counts=(4, 8, 12, 16, 24, 32)),
    Series("av_with_asr", with_video=True, with_asr=True, counts=(1, 2, 4, 6, 8, 12)),
    Series("audio", with_video=False, with_asr=False, counts=(8, 16, 32, 64)),
)


def refuse_half_a_recording(path: Path) -> None:
    """Asked before minutes of measuring, not after.

    Raises:
        SourceError: it cannot be opened, or sound or pictures are not in it.
    """
    with open_container(str(path)) as container:
        if audio_stream(container) is None or video_stream(container) is None:
            raise SourceError(
                f"{path}: throughput needs a recording with sound and pictures; "
                "give another, or name the other parts: streamer bench startup latency archive"
            )


def measure_throughput(
    clip: Recording,
    *,
    asr: str,
    window_s: float,
    tell: Callable[[str], None],
    series: tuple[Series, ...] = SERIES,
) -> Throughput:
    """Raise the number of sources until they are not kept up with.

    Args:
        clip: With sound and pictures; see `refuse_half_a_recording`.
        asr: Engine, for those with one.
        window_s: How long each number is watched, at most the length of the clip.
        tell: Called with a line before each step.
        series: What to try.
    """
    steps: dict[str, list[Step]] = {}
    stages: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
        for one in series:
            steps[one.name] = []
            for count in one.counts:
                tell(f"{one.name}: {count}")
                played = _staggered(clip, count, Path(folder), with_video=one.with_video)
                step, by_thread = _step(played, asr if one.with_asr else "none", window_s)
                steps[one.name].append(step)
                if one.name == "av_with_asr" and count == 1:
                    stages = by_thread
                if not step.kept:
                    break
    best = {name: max((step.sources for step in of_one if step.kept), default=0) for name, of_one in steps.items()}
    return Throughput(
        limit_ms=LIMIT_MS,
        window_s=window_s,
        av_sources=best.get("av", 0),
        av_sources_with_asr=best.get("av_with_asr", 0),
        audio_sources=best.get("audio", 0),
        steps=steps,
        stages_cpu_percent=stages,
    )


def _staggered(clip: Recording, count: int, folder: Path, *, with_video: bool) -> list[Rotated]:
    turns = read_turns(clip.truth, closer_than_s=SEGMENT.min_silence_s)
    return [
        rotated(clip.path, begin_s, folder / f"{count}-{index}-{with_video}.mkv", turns, with_video=with_video)
        for index, begin_s in enumerate(begins_s(clip.path, count))
    ]


def _step(played: list[Rotated], asr: str, window_s: float) -> tuple[Step, dict[str, float]]:
    """Run so many sources, and look at a window that begins when all of them run, or should."""
    names = [f"s{index}" for index in range(len(played))]
    sources = [PlayedSource(name, one.path) for name, one in zip(names, played, strict=True)]
    received: defaultdict[str, list[Received]] = defaultdict(list)
    with RunningDaemon(sources, asr=asr, topics=("utterance", "state")) as daemon:
        for name, one in _until_all_run(daemon, names):
            received[name].append(one)
        began_s, cpu_s, threads_s = time.monotonic(), daemon.cpu_s(), daemon.cpu_s_by_thread()
        for one in daemon.events(until_s=began_s + window_s):
            received[one.event.source or ""].append(one)
        window = Window(began_s, time.monotonic())
        cpu_s, memory_mb = daemon.cpu_s() - cpu_s, daemon.memory_mb()
        now_s = daemon.cpu_s_by_thread()
    return (
        _judged(names, played, received, window, cpu_s=cpu_s, memory_mb=memory_mb),
        {name: round((now_s[name] - threads_s.get(name, 0.0)) / window.length_s * 100, 1) for name in sorted(now_s)},
    )


def _until_all_run(daemon: RunningDaemon, names: list[str]) -> Iterator[tuple[str, Received]]:
    silent = set(names)
    for one in daemon.events(until_s=time.monotonic() + START_S):
        event = one.event
        yield event.source or "", one
        if isinstance(event, State) and event.stream_s > 0:
            silent.discard(event.source or "")
        if not silent:
            return


def _judged(
    names: list[str],
    played: list[Rotated],
    received: dict[str, list[Received]],
    window: Window,
    *,
    cpu_s: float,
    memory_mb: float,
) -> Step:
    delays_ms: list[float] = []
    lags_s: list[float] = []
    heard: list[int] = []
    due: list[int] = []
    lost: defaultdict[str, int] = defaultdict(int)
    for name, one in zip(names, played, strict=True):
        events = received[name]
        turns = turns_within(one.turns, 0.0, window.end_s - LATE_S - played_from_s(events, SEGMENT))
        ends = endings(events, turns, SEGMENT)
        delays_ms += [end.speech_end_to_received for end in ends]
        lags_s.append(worst_lag_s(events, SEGMENT, window))
        heard.append(len(ends))
        due.append(len(turns))
        states = [event for event, _, _ in events if isinstance(event, State)]
        for channel, count in (states[-1].dropped if states else {}).items():
            lost[channel] += count
    p95_ms = spread(delays_ms).p95 if delays_ms else None
    late_s = max(lags_s)
    return Step(
        sources=len(names),
        utterances=sum(heard),
        due=sum(due),
        speech_end_to_received_p95_ms=p95_ms,
        audio_dropped=lost["audio"],
        video_dropped=lost["video"],
        late_s=round(late_s, 3) if isfinite(late_s) else None,
        cpu_percent=round(cpu_s / window.length_s / len(names) * 100, 1),
        memory_mb=round(memory_mb),
        kept=p95_ms is not None
        and p95_ms <= LIMIT_MS
        and not lost["audio"]
        and not lost["video"]
        and late_s < LATE_S
        and _all_heard(heard, due),
    )


def _all_heard(heard: list[int], due: list[int]) -> bool:
    """By source; see `HEARD_SHARE`."""
    none_deaf = all(found or not expected for found, expected in zip(heard, due, strict=True))
    return none_deaf and sum(heard) >= HEARD_SHARE * sum(due)
