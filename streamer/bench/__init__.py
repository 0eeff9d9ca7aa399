"""What the daemon promises, measured: latency, sources at once, archive speed, start-up. Each part drives the real daemon process.

Nothing here is imported by the daemon.
"""

from streamer.bench.latency import Recording
from streamer.bench.parts import PARTS, Extent, Part, measure
from streamer.bench.report import Report

__all__ = ["PARTS", "Extent", "Part", "Recording", "Report", "measure"]
