"""From nothing to the first block of sound, and how much memory stays."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamer.bench.latency import SEGMENT
from streamer.bench.report import Startup
from streamer.bench.running import PlayedSource, Received, RunningDaemon
from streamer.bench.timing import stream_zero_s
from streamer.errors import StageError, StreamerError
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from streamer.wire import Utterance

TRIES: Final = 3
"""The fastest counts: a machine may be busy with other things."""


def measure_startup(clip: Path, *, asr: str, tell: Callable[[str], None], tries: int = TRIES) -> Startup:
    """Start the command line and the daemon several times.

    Raises:
        StageError: the daemon ended before it heard anybody.
    """
    tell("streamer --help")
    help_s = min(_help_s() for _ in range(tries))
    starts = []
    for number in range(1, tries + 1):
        tell(f"cold start {number} of {tries}")
        starts.append(_start(clip, asr))
    first_block_s, alone_mb, with_asr_mb = min(starts)
    return Startup(
        help_s=round(help_s, 3),
        first_block_s=round(first_block_s, 3),
        resident_mb=round(alone_mb),
        resident_with_asr_mb=round(with_asr_mb),
    )


def _help_s() -> float:
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "streamer", "--help"], capture_output=True, check=True)
    return time.perf_counter() - began_s


def _start(clip: Path, asr: str) -> tuple[float, float, float]:
    """Seconds to the first block, MB without and with child processes; until the first utterance is over."""
    received: list[Received] = []
    with RunningDaemon([PlayedSource("bench", clip)], asr=asr) as daemon:
        for one in daemon.events():
            received.append(one)
            if isinstance(one.event, Utterance):
                break
        alone_mb, with_asr_mb = daemon.memory_mb(with_children=False), daemon.memory_mb()
    zero_s = stream_zero_s(received, SEGMENT)
    if zero_s is None:
        raise StageError("daemon", StreamerError(f"{clip}: nobody is heard in it"))
    return zero_s + CHUNK_SAMPLES / SAMPLE_RATE_HZ - daemon.started_s, alone_mb, with_asr_mb
