"""What is made of it: labels, probabilities, and what they rest on."""

from rich.text import Text

from streamer.dashboard.history import columns
from streamer.dashboard.marks import (
    LABEL,
    WIDE,
    Lines,
    alternatives,
    bar,
    beside,
    clock,
    flowed,
    named,
    printable,
    share,
    sparkline,
)
from streamer.dashboard.model import SourceModel
from streamer.dashboard.palette import BRIGHT, DIM, EMOTION, SENTIMENT, TEXT, WARNING
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality
from streamer.wire import ModalityField, Partial

LONGEST_BAR = 40
SHORTEST_BAR = 8
OWN = 1 + max(map(len, EMOTIONS))
"""Columns of a blank and an emotion."""
VALUE = 4
"""Columns of a blank and a number."""


def verdict(source: SourceModel, width: int) -> Lines:
    """Both labels, with what else they may be."""
    said = source.current
    if said is None:
        return [Text("no verdict yet", style=DIM)]
    emotion, sentiment = said.emotion, said.sentiment
    left = Text.assemble(
        (emotion.label, f"bold {EMOTION[emotion.label]}"),
        (f" {share(emotion.probs[emotion.label])}", BRIGHT),
        (alternatives(emotion), WARNING),
    )
    so_far = "so far" if isinstance(said, Partial) else f"{clock(said.start_s)} – {clock(said.end_s)}"
    right = Text.assemble(
        (f"  {so_far}   " if width >= WIDE else "  ", DIM),
        (sentiment.label, f"bold {SENTIMENT[sentiment.label]}"),
        (f" {share(sentiment.probs[sentiment.label])}", BRIGHT),
        ("?" if sentiment.uncertain else "", WARNING),
    )
    return [beside(left, right, width)]


def emotions(source: SourceModel, width: int) -> Lines:
    """Seven bars; where there is room, how each went over the last minutes."""
    said = source.current
    room = width - LABEL - VALUE
    length = min(LONGEST_BAR, room if width < 40 else room * 3 // 5)
    trend = room - length - 2 if width >= 40 else 0
    past = columns(source, trend) if trend else []
    lines: Lines = []
    for label in EMOTIONS:
        value = said.emotion.probs[label] if said else 0.0
        line = _bar(label, value, length, EMOTION[label], chosen=said is not None and said.emotion.label == label)
        if trend:
            values = [max((moment.emotion.probs[label] for moment in column), default=None) for column in past]
            line = Text.assemble(line, "  ", sparkline(values, EMOTION[label]))
        lines.append(line)
    return lines


def sentiments(source: SourceModel, width: int) -> Lines:
    """Three bars."""
    said = source.current
    length = min(LONGEST_BAR, width - LABEL - VALUE)
    return [
        _bar(
            label,
            said.sentiment.probs[label] if said else 0.0,
            length,
            SENTIMENT[label],
            chosen=said is not None and said.sentiment.label == label,
        )
        for label in SENTIMENTS
    ]


def _bar(label: str, value: float, length: int, colour: str, *, chosen: bool) -> Text:
    return Text.assemble(
        (f"{label:<{LABEL}}", f"bold {colour}" if chosen else colour),
        bar(value, length, colour),
        (f" {share(value)}", BRIGHT if chosen else TEXT),
    )


def modalities(source: SourceModel, width: int) -> Lines:
    """How much each one counted and, where there is room, what it says by itself; or why it did not count, where that fits."""
    lines: Lines = []
    fields = {name: _field(source, name) for name in MODALITIES}
    room = width - LABEL - VALUE
    alone = room - OWN >= SHORTEST_BAR and any(field and field.emotion for field in fields.values())
    length = min(LONGEST_BAR, room - OWN if alone else room)
    for name, field in fields.items():
        if field is not None and field.used:
            line = _bar(name, field.weight, length, TEXT, chosen=False)
            if alone and field.emotion is not None:
                line.append(f" {field.emotion.label}", EMOTION[field.emotion.label])
            lines.append(line)
        else:
            why = reason(source, name) or ""
            inline = why if _fits(why, width) else "not used"
            lines.append(Text(f"{name:<{LABEL}}– {inline}", style=DIM))
    return lines


def modalities_in_one(source: SourceModel, width: int) -> Lines:
    """The same on one line or two: shares, and a dash for what did not count."""
    pieces = []
    for name in MODALITIES:
        field = _field(source, name)
        pieces.append(named(name, share(field.weight) if field is not None and field.used else "–").append(" "))
    return flowed(Text(), pieces, width)


def reasons(source: SourceModel, width: int, inline_width: int) -> Lines:
    """Why modalities did not count, those for which there was no room beside their names."""
    pieces = []
    for name in MODALITIES:
        field, why = _field(source, name), reason(source, name)
        if why and not (field is not None and field.used) and not _fits(why, inline_width):
            pieces.append(Text.assemble((f"{name}: ", TEXT), (why, DIM)))
    return flowed(Text(), pieces, width) if pieces else []


def reason(source: SourceModel, name: Modality) -> str | None:
    """Why a modality does not count: in what is judged now, or else at present."""
    field = _field(source, name)
    at_present = source.state.reasons.get(name) if source.state else None
    return printable((field.reason if field else None) or at_present or "") or None


def _field(source: SourceModel, name: Modality) -> ModalityField | None:
    said = source.current
    return said.modalities.get(name) if said else None


def _fits(why: str, width: int) -> bool:
    return len(why) <= width - LABEL - 2
