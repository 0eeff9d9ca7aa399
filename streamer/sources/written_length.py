"""What a container says of the end of its streams, against which a recording that was cut off is noticed."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

LENGTH_IS_WRITTEN: Final = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Formats that say how long they are; the others' length is FFmpeg's guess."""
_DURATION: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def written_end_s(container: "InputContainer", streams: Sequence["Stream"]) -> float | None:
    """When the longest of these streams ends at the earliest, on the container's time line; None where the container does not say.

    What it says of itself counts for its only stream: another one, such as subtitles, may be longer.
    """
    if container.format.name not in LENGTH_IS_WRITTEN:
        return None
    ends_s = [end_s for stream in streams if (end_s := _end_s(stream)) is not None]
    if not ends_s and container.duration and len(container.streams) == len(streams):
        return container.duration / 1e6  # FFmpeg's AV_TIME_BASE
    return max(ends_s, default=None)


def _end_s(stream: "Stream") -> float | None:
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    for key, value in stream.metadata.items():
        if key.startswith("DURATION") and (parts := _DURATION.match(value)):  # of Matroska; FFmpeg appends the language
            # ffmpeg writes when the stream ends, mkvmerge how long it is: no later than its end.
            hours, minutes, seconds = parts.groups()
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return None
