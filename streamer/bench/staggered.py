"""The same recording begun at different places, so that many sources do not all speak at once. Packets are copied, nothing is encoded."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from streamer.bench.truth import Turn

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream


class Rotated(NamedTuple):
    """A recording that begins in the middle of the original and ends where it began."""

    path: Path
    turns: list[Turn]
    """Those that are whole in it."""


def begins_s(recording: Path, count: int) -> list[float]:
    """`count` different places to begin, each a little before a picture that can be decoded by itself."""
    import av

    with av.open(str(recording)) as container:
        length_s = _length_s(container)
        keys_s = [_time_s(packet) for packet in container.demux(video=0) if packet.is_keyframe]
    rounds = -(-count // len(keys_s))
    return [(keys_s[i % len(keys_s)] - 1.2 * (i // len(keys_s)) / rounds) % length_s for i in range(count)]


def rotated(recording: Path, begin_s: float, path: Path, turns: list[Turn], *, with_video: bool) -> Rotated:
    """Write what follows `begin_s`, and then what stands before it, to a Matroska file."""
    import av

    with av.open(str(recording)) as source, av.open(str(path), "w", format="matroska") as target:
        length_s = _length_s(source)
        kept = [source.streams.audio[0], *(source.streams.video[:1] if with_video else ())]
        _copy(source, target, kept, begin_s, length_s)
    moved = [Turn((turn.start_s - begin_s) % length_s, (turn.end_s - begin_s) % length_s) for turn in turns]
    return Rotated(path, sorted(turn for turn in moved if turn.start_s < turn.end_s))


def _copy(
    source: "InputContainer", target: "OutputContainer", kept: "list[Stream]", begin_s: float, length_s: float
) -> None:
    streams = {stream.index: target.add_stream_from_template(stream) for stream in kept}
    before: list[Packet[Any]] = []
    after: list[Packet[Any]] = []
    begun: set[int] = set()
    for packet in source.demux(kept):
        if packet.dts is None or packet.time_base is None:
            continue
        later = packet.stream.index in begun or (_time_s(packet) >= begin_s and packet.is_keyframe)
        if later:
            begun.add(packet.stream.index)
        (after if later else before).append(packet)
    for packets, shift_s in ((after, -begin_s), (before, length_s - begin_s)):
        for packet in packets:
            shift = round(shift_s / (packet.time_base or 1))
            packet.pts, packet.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
            packet.stream = streams[packet.stream.index]
    for packet in sorted((*after, *before), key=_decoded_s):
        target.mux(packet)


def _length_s(container: "InputContainer") -> float:
    return float(container.duration or 0) / 1e6  # FFmpeg's AV_TIME_BASE


def _time_s(packet: "Packet[Any]") -> float:
    return float((packet.pts or 0) * (packet.time_base or 0))


def _decoded_s(packet: "Packet[Any]") -> float:
    return float((packet.dts or 0) * (packet.time_base or 0))
