"""The whole picture: a line on the daemon, and a frame for each source. Pure: the same model and size give the same picture."""

from typing import Final

from rich.text import Text

from streamer.dashboard.marks import Lines, as_many, beside, clock, fit, printable
from streamer.dashboard.model import Model
from streamer.dashboard.palette import BRIGHT, DIM, TEXT, WARNING
from streamer.dashboard.source_panel import source_panel

NARROWEST: Final = 40
"""Columns of a frame; with less, frames stand below each other."""
SMALLEST: Final = 24
"""Columns that a frame needs; a narrower terminal cuts the picture."""
QUIET_S: Final = 3.0
"""A daemon sends a heartbeat each second: after three without one, something is wrong."""


def picture(model: Model, width: int, height: int) -> Lines:
    """Its lines from the top; none is wider than `width` or than what a frame needs."""
    width = max(width, SMALLEST)
    head = header(model, width)
    sources = list(model.sources.values())
    if not sources:
        waiting = fit(Text(f"waiting for events from {model.origin}", style=DIM), width)
        return [head, *[Text()] * (height // 2 - 1), waiting]
    across = min(len(sources), max(1, width // NARROWEST))
    rows = [sources[first : first + across] for first in range(0, len(sources), across)]
    lines = [head]
    for row, high in zip(rows, _shares(height - 1, len(rows)), strict=True):
        frames = [source_panel(source, wide, high) for source, wide in zip(row, _shares(width, len(row)), strict=True)]
        lines += [Text().join(side_by_side) for side_by_side in zip(*frames, strict=True)]
    return lines


def header(model: Model, width: int) -> Text:
    """Which daemon and bundle, how long, and what hampers the stream."""
    beat = model.heartbeat
    bundle = next((source.state.engines.bundle for source in model.sources.values() if source.state), None)
    pieces = [Text("streamer", style=BRIGHT)]
    if beat is not None:
        pieces.append(Text(f" {printable(beat.version)}", style=TEXT))
    if bundle is not None:
        pieces.append(Text(f"  bundle {printable(bundle.name)} {printable(bundle.version)}", style=TEXT))
        pieces.append(Text(f" {printable(bundle.sha256[:7])}", style=DIM))
    pieces.append(Text(f"  {model.origin}", style=DIM))
    right = Text.assemble(*((f"  {trouble}", WARNING) for trouble in _troubles(model)))
    if beat is not None:
        right.append(f"  {beat.published} events  up {clock(beat.uptime_s)[:-2]}", style=DIM)
    return beside(as_many(pieces, width - right.cell_len), right, width)


def _troubles(model: Model) -> list[str]:
    beat, told = model.heartbeat, []
    if model.session is not None and model.now_s - model.heard_s > QUIET_S:
        told.append(f"no sign of life for {model.now_s - model.heard_s:.0f} s")
    if beat is not None and beat.error:
        told.append(printable(beat.error))
    if beat is not None and beat.overflows:
        told.append(f"slow readers {beat.overflows}")
    if model.lost:
        told.append(f"lost here {model.lost}")
    return told


def _shares(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to `total` and differ by one at most."""
    return [total // parts + (1 if part < total % parts else 0) for part in range(parts)]
