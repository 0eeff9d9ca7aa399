"""The words: what is being said, and what was said before."""

from rich import get_console
from rich.text import Text

from streamer.dashboard.marks import LABEL, WIDE, Lines, clock, fit, printable, share
from streamer.dashboard.model import SourceModel
from streamer.dashboard.palette import BRIGHT, DIM, EMOTION, SENTIMENT, TEXT
from streamer.wire import Partial, Utterance


def words(source: SourceModel, width: int, rows: int) -> Lines:
    """What is being said, or was said last, on exactly `rows` lines; of too many words the last ones."""
    said = source.current
    text = Text("nothing said yet", style=DIM) if said is None else _spoken(said)
    lines = list(text.wrap(get_console(), width))
    if len(lines) > rows:
        lines = lines[-rows:]
        lines[0] = fit(Text.assemble(("… ", DIM), lines[0]), width)
    return lines + [Text()] * (rows - len(lines))


def _spoken(said: Utterance | Partial) -> Text:
    """Bright when it stands, dim while it may still change."""
    transcript = said.transcript
    if isinstance(said, Partial):
        return Text(f"“{printable(transcript.text)} …" if transcript else "…", style=f"italic {DIM}")
    if transcript is None:
        return Text("(no words)", style=DIM)
    heard = f"  heard {share(transcript.confidence)}" if transcript.confidence is not None else ""
    return Text.assemble((f"“{printable(transcript.text)}”", BRIGHT), (heard, DIM))


def said_before(source: SourceModel, width: int, rows: int) -> Lines:
    """The last utterances, newest first, under a heading where there is room for one."""
    skipped = 0 if source.partial else 1  # the last one stands above in full
    older = list(source.utterances)[::-1][skipped:]
    when = max([len("00:00.0"), *(len(clock(said.start_s)) for said in older)])
    heading = [_heading(width, when)] if rows >= 6 and older else []
    return [*heading, *(_one(said, width, when) for said in older[: max(0, rows - len(heading))])]


def _heading(width: int, when: int) -> Text:
    wide = f"{'sentiment':<10}{'face':<5}{'heard':<6}" if width >= WIDE else ""
    return Text(f"{'when':<{when}} {'emotion':<{LABEL + 5}}{wide}words", style=DIM)


def _one(said: Utterance, width: int, when: int) -> Text:
    """`when`: columns of the longest time."""
    label, sentiment = said.emotion.label, said.sentiment.label
    doubt = "?" if said.emotion.uncertain else ""
    line = Text.assemble(
        (f"{clock(said.start_s):<{when}} ", DIM),
        (f"{label + doubt:<{LABEL + 1}}", EMOTION[label]),
        (f"{share(said.emotion.probs[label])} ", TEXT),
    )
    if width >= WIDE:
        face = f"#{said.speaker.track_id}" if said.speaker else "–"
        heard = said.transcript.confidence if said.transcript else None
        line.append(f"{sentiment:<10}", style=SENTIMENT[sentiment])
        line.append(f"{face:<5}{'–' if heard is None else share(heard):<6}", style=DIM)
    line.append(
        printable(said.transcript.text) if said.transcript else "(no words)", style=TEXT if said.transcript else DIM
    )
    return fit(line, width)
