"""One source in a frame of any size: the subjects that matter most, as many as there is room for."""

from dataclasses import dataclass

from rich.text import Text

from streamer.dashboard import judgement, saying, standing
from streamer.dashboard.history import trend
from streamer.dashboard.marks import WIDE, Lines, fit, printable
from streamer.dashboard.model import SourceModel
from streamer.dashboard.palette import ACTIVITY, DIM, TRACK

AIRY = 30
"""Rows from which on there are blank lines between subjects."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that are shown or left out together."""

    weight: int
    """Those with the most are placed first."""
    lines: Lines


def source_panel(source: SourceModel, width: int, height: int) -> Lines:
    """The frame of one source, `width` by `height`; of two lines at least."""
    inner, room = width - 4, max(0, height - 2)
    body, foot = _body(source, inner, room), _foot(source, inner, room)
    shown = _that_fit([*body, *foot], room)
    above = [line for section in body if section in shown for line in section.lines]
    below = [line for section in foot if section in shown for line in section.lines]
    left = room - len(above) - len(below)
    before = saying.said_before(source, inner, left)
    lines = [*above, *before, *[Text()] * (left - len(before)), *below]
    colour = ACTIVITY[source.state.activity][1] if source.state else DIM
    return _framed(lines, Text(f"  {printable(source.name)}  ", style=f"bold {colour}"), width)


def _framed(lines: Lines, title: Text, width: int) -> Lines:
    title = title if title.cell_len <= width - 4 else fit(title, width - 4)
    return [
        Text.assemble(("╭─", TRACK), title, ("─" * (width - 3 - title.cell_len) + "╮", TRACK)),
        *(Text.assemble(("│ ", TRACK), fit(line, width - 4), (" │", TRACK)) for line in lines),
        Text(f"╰{'─' * (width - 2)}╯", style=TRACK),
    ]


def _body(source: SourceModel, width: int, room: int) -> list[Section]:
    air = [Text()] if room >= AIRY else []
    return [
        Section(100, standing.activity(source, width)),
        Section(95, standing.troubles(source, width)),
        Section(60, [*standing.faces(source, width), *air]),
        Section(90, saying.words(source, width, 2 if room > 8 else 1)),
        Section(85, [*air, *judgement.verdict(source, width)]),
        *(_beside(source, width) if width >= WIDE else _below(source, width)),
        Section(70, [*air, *trend(source, width), *air]),
    ]


def _foot(source: SourceModel, width: int, room: int) -> list[Section]:
    air = [Text()] if room >= AIRY else []
    return [
        Section(50, [*air, *standing.latencies(source, width)]),
        Section(40, standing.works(source, width)),
    ]


def _beside(source: SourceModel, width: int) -> list[Section]:
    """Emotions on the left; sentiments and modalities on the right."""
    right_width = min(53, max(27, width * 3 // 10))
    left_width = width - right_width - 3
    left = judgement.emotions(source, left_width)
    right = [*judgement.sentiments(source, right_width), Text(), *judgement.modalities(source, right_width)]
    rows = [Text.assemble(fit(a, left_width), "   ", fit(b, right_width)) for a, b in zip(left, right, strict=True)]
    return [Section(80, rows), Section(65, judgement.reasons(source, width, right_width))]


def _below(source: SourceModel, width: int) -> list[Section]:
    """The same, one below the other."""
    return [
        Section(80, judgement.emotions(source, width)),
        Section(75, judgement.sentiments(source, width)),
        Section(65, judgement.modalities_in_one(source, width)),
        Section(55, judgement.reasons(source, width, 0)),
    ]


def _that_fit(wanted: list[Section], room: int) -> list[Section]:
    shown: list[Section] = []
    for section in sorted(wanted, key=lambda section: -section.weight):
        if len(section.lines) <= room:
            shown.append(section)
            room -= len(section.lines)
    return shown
