"""The parts of a bench and their order."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, get_args

from streamer.bench.archive import measure_archive
from streamer.bench.latency import Recording, measure_latency
from streamer.bench.machine import describe_machine
from streamer.bench.report import Report
from streamer.bench.startup import measure_startup
from streamer.bench.throughput import SERIES, Series, measure_throughput, refuse_half_a_recording

Part = Literal["startup", "latency", "throughput", "archive"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)


class Extent(NamedTuple):
    """How much is measured."""

    recordings: Sequence[Recording]
    """The first is also that of start-up, throughput and archive."""
    asr: str = "pocketsphinx"
    window_s: float = 10.0
    series: tuple[Series, ...] = SERIES
    files: int = 8


def measure(parts: Sequence[Part], extent: Extent, tell: Callable[[str], None]) -> Report:
    """Run the parts in their order.

    Args:
        parts: Which.
        extent: How much.
        tell: Called with a line when something new begins.

    Raises:
        StreamerError: a part could not be measured.
    """
    clip = extent.recordings[0].path
    if "throughput" in parts:
        refuse_half_a_recording(clip)
    report = Report(machine=describe_machine())
    if "startup" in parts:
        report.startup = measure_startup(clip, asr=extent.asr, tell=tell)
    if "latency" in parts:
        report.latency = measure_latency(extent.recordings, asr=extent.asr, tell=tell)
    if "throughput" in parts:
        report.throughput = measure_throughput(
            extent.recordings[0], asr=extent.asr, window_s=extent.window_s, tell=tell, series=extent.series
        )
    if "archive" in parts:
        report.archive = measure_archive(clip, asr=extent.asr, files=extent.files, tell=tell)
    return report
