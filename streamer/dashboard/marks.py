"""The smallest pieces of the picture: numbers, bars, lines of an exact width."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.text import Text

from streamer.dashboard.palette import DIM, TEXT, TRACK
from streamer.wire import EmotionField

Lines = list[Text]
WIDE: Final = 66
"""Columns of a frame from which on two things stand beside each other."""
LABEL: Final = 9
"""Columns of the longest label and a blank."""
NAMED_ALTERNATIVES: Final = 2
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"


def clock(seconds: float) -> str:
    """`00:03.2`, and `1:00:03.2` from one hour on."""
    tenths = round(seconds * 10)
    hours, minutes = tenths // 36_000, tenths // 600 % 60
    rest = f"{minutes:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
    return f"{hours}:{rest}" if hours else rest


def share(value: float) -> str:
    """A probability or weight in three columns: `.81`, `1.0`."""
    return "1.0" if value >= 0.995 else f"{max(value, 0.0):.2f}"[1:]


def milliseconds(value: float) -> str:
    """`420`, and `3.2` below ten."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def alternatives(emotion: EmotionField) -> str:
    """What else it may be: ` or joy`, ` or joy, fear`, ` or 5 others`; nothing where the label stands alone."""
    others = [label for label in emotion.set if label != emotion.label]
    if not others:
        return ""
    return " or " + (", ".join(others) if len(others) <= NAMED_ALTERNATIVES else f"{len(others)} others")


def printable(text: str) -> str:
    """Words from elsewhere, on one line and without anything that a terminal would obey."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def fit(line: Text, width: int) -> Text:
    """The line in exactly `width` columns, cut with an ellipsis or filled with blanks."""
    missing = width - line.cell_len
    line = line.copy()
    if missing >= 0:
        line.pad_right(missing)
        return line
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def beside(left: Text, right: Text, width: int) -> Text:
    """Two pieces at both ends of a line; the left one yields."""
    room = max(0, width - right.cell_len)
    return fit(fit(left, room).append_text(right), width)


def as_many(pieces: Iterable[Text], width: int) -> Text:
    """Pieces in a row, up to the first that there is no room for."""
    line = Text()
    for piece in pieces:
        if line.cell_len + piece.cell_len > width:
            break
        line.append_text(piece)
    return line


def flowed(head: Text, pieces: Iterable[Text], width: int) -> Lines:
    """Pieces on as many lines as hold them, indented by the head."""
    lines, indent = [head.copy()], head.cell_len
    for piece in pieces:
        if lines[-1].cell_len > indent and lines[-1].cell_len + piece.cell_len > width:
            lines.append(Text(" " * indent))
        lines[-1].append_text(piece).append("  ")
    for line in lines:
        line.rstrip()
    return lines


def named(what: str, value: str) -> Text:
    """A dim name and what it stands for."""
    return Text.assemble((f"{what} ", DIM), (printable(value), TEXT))


def bar(value: float, width: int, colour: str) -> Text:
    """A bar of `width` columns, `value` in [0, 1]."""
    full = round(min(1.0, max(0.0, value)) * width)
    return Text.assemble(("━" * full, colour), ("─" * (width - full), TRACK))


def sparkline(values: Sequence[float | None], colour: str) -> Text:
    """One column for each value in [0, 1]; None is a blank."""
    return Text("".join(" " if value is None else _HEIGHTS[min(7, int(value * 8))] for value in values), style=colour)


def counted(number: int, what: str) -> str:
    """`1 utterance`, `2 utterances`."""
    return f"{number} {what}" + ("" if number == 1 else "s")
