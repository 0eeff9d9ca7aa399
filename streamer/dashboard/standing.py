"""How a source is doing: activity, meters, faces, speed, and what works for it."""

from rich.text import Text

from streamer.dashboard.judgement import reason
from streamer.dashboard.marks import (
    WIDE,
    Lines,
    as_many,
    bar,
    beside,
    clock,
    fit,
    flowed,
    milliseconds,
    named,
    printable,
    share,
)
from streamer.dashboard.model import SourceModel
from streamer.dashboard.palette import ACTIVITY, BRIGHT, DIM, METER, TEXT, WARNING
from streamer.wire import FaceField, Partial

LONGEST_METER = 30
QUIETEST_DBFS = -60.0
"""Left end of the level meter."""


def activity(source: SourceModel, width: int) -> Lines:
    """What the source does, how sure the voice is, how loud it is."""
    state = source.state
    if state is None:
        return [Text("◌ waiting for its first state", style=DIM)]
    sign, colour = ACTIVITY[state.activity]
    doing = Text.assemble((f"{sign} {state.activity:<8} ", f"bold {colour}"), (clock(state.stream_s), DIM))
    if state.speech_prob is None or state.level_dbfs is None:
        return [doing.append("  no microphone", style=DIM)]
    wide = width >= WIDE
    room = min(LONGEST_METER, (width - doing.cell_len - 31) // 2 if wide else (width - 20) // 2)
    meters = Text.assemble(
        ("voice ", DIM),
        bar(state.speech_prob, room, METER),
        (f" {share(state.speech_prob)}", TEXT),
        ("   level " if wide else " ", DIM),
        bar(1 - state.level_dbfs / QUIETEST_DBFS, room, METER),
        (f" {state.level_dbfs:3.0f} dB", TEXT),
    )
    return [beside(doing, meters, width)] if wide else [doing, meters]


def faces(source: SourceModel, width: int) -> Lines:
    """Which face speaks or spoke, or why that cannot be said, and how many there are."""
    in_view = source.state.faces if source.state else []
    count = Text(f"  {len(in_view)} in view" if in_view else "", style=DIM)
    return [beside(as_many(_who(source, in_view), width - count.cell_len), count, width)]


def _who(source: SourceModel, in_view: list[FaceField]) -> Lines:
    said, state = source.current, source.state
    if isinstance(said, Partial):
        speaking = state.speaker_track_id if state else None
        face = next((face for face in in_view if face.track_id == speaking), None)
        if face is not None:
            return _face(face, "speaks", "found")
    elif said is not None and said.speaker is not None:
        return _face(said.speaker, "spoke", "mouth agrees")
    why = reason(source, "video")
    return [Text("no face speaks" if said is None or isinstance(said, Partial) else "no face spoke", style=DIM)] + (
        [Text(f": {why}", style=DIM)] if why else []
    )


def _face(face: FaceField, does: str, score: str) -> Lines:
    left, top, right, bottom = face.bbox_xyxy_px
    return [
        Text.assemble(("face ", DIM), (f"#{face.track_id}", BRIGHT), (f" {does}", DIM)),
        Text.assemble((f", {score} ", DIM), (share(face.score), TEXT)),
        Text(f", {right - left}×{bottom - top} px at {left},{top}", style=DIM),
    ]


def troubles(source: SourceModel, width: int) -> Lines:
    """What went wrong, if something did."""
    state = source.state
    if state is None:
        return []
    lost = [f"{printable(channel)} {count}" for channel, count in state.dropped.items() if count]
    told = [f"! {printable(state.error)}"] if state.error else []
    told += ["dropped: " + ", ".join(lost)] if lost else []
    return [fit(Text(line, style=WARNING), width) for line in told]


def latencies(source: SourceModel, width: int) -> Lines:
    """Median and 95th percentile of each stage, in milliseconds."""
    known = source.state.latency_ms if source.state else {}
    if not known:
        return [Text("no latency measured yet", style=DIM)]
    order = sorted(known, key=lambda stage: stage != "total")  # the rest stays as it came
    pieces = [
        named(stage, milliseconds(known[stage].p50)).append(f"/{milliseconds(known[stage].p95)}", style=DIM)
        for stage in order
    ]
    return flowed(Text("ms p50/p95  " if width >= WIDE else "ms ", style=DIM), pieces, width)


def works(source: SourceModel, width: int) -> Lines:
    """Who recognises, who finds faces, where the networks run, what is heard and seen."""
    state = source.state
    if state is None:
        return []
    engines = state.engines
    providers = sorted({name.removesuffix("ExecutionProvider") for name in engines.providers.values()})
    inputs = ", ".join(name for name in state.inputs.values() if name)
    pieces = [
        named("asr", engines.asr or "none"),
        named("faces", engines.detector or "none"),
        named("on", "+".join(providers) or "nothing"),
        named("in", inputs or "nothing"),
    ]
    return flowed(Text(), pieces, width)
