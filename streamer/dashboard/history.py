"""The last minutes: what was judged at each moment, as columns of a time axis."""

from itertools import groupby
from typing import Final

from rich.text import Text

from streamer.dashboard.marks import Lines, fit
from streamer.dashboard.model import SourceModel
from streamer.dashboard.palette import DIM, EMOTION, SENTIMENT, TRACK
from streamer.wire import Partial, Utterance

Said = Utterance | Partial
SPANS_S: Final = (30, 60, 180)
"""The axis is half a minute long at first, then one, and three from then on."""


def span_s(source: SourceModel) -> int:
    """Length of the axis."""
    return next((span for span in SPANS_S if source.now_s <= span), SPANS_S[-1])


def columns(source: SourceModel, width: int) -> list[list[Said]]:
    """For each column, of which the last is now, what was said in it; first what fills most of it."""
    step_s = span_s(source) / width
    begin_s = source.now_s - width * step_s
    found: list[list[tuple[float, Said]]] = [[] for _ in range(width)]
    for said in source.judged:
        first, last = ((moment - begin_s) / step_s for moment in (said.start_s, said.end_s))
        for column in range(max(0, int(first)), min(width, int(last) + 1)):
            overlap = min(last, column + 1) - max(first, column)
            if overlap > 0:
                found[column].append((overlap, said))
    return [[said for _, said in sorted(column, key=lambda pair: -pair[0])] for column in found]


def trend(source: SourceModel, width: int) -> Lines:
    """The last minutes: emotion, sentiment, and the time."""
    return [*strips(source, width), axis(source, width)]


def strips(source: SourceModel, width: int) -> tuple[Text, Text]:
    """Emotion and sentiment of each moment, one colour for each label."""
    emotions, sentiments = Text(), Text()
    labels = [(c[0].emotion.label, c[0].sentiment.label) if c else None for c in columns(source, width)]
    for said, same in groupby(labels):
        length = len(list(same))
        emotions.append(*(("█" * length, EMOTION[said[0]]) if said else ("·" * length, TRACK)))
        sentiments.append(*(("▀" * length, SENTIMENT[said[1]]) if said else ("·" * length, TRACK)))
    return emotions, sentiments


def axis(source: SourceModel, width: int) -> Text:
    """The marks under the strips: minutes, or seconds on a short axis."""
    span = span_s(source)
    line = [" "] * width
    for mark in range(span, 0, -span // 3):
        label = f"-{mark} s" if span <= 60 else f"-{mark // 60} min"
        place = round((1 - mark / span) * width)
        if place + len(label) < width - 4:
            line[place : place + len(label)] = label
    line[-3:] = "now"
    return fit(Text("".join(line), style=DIM), width)
