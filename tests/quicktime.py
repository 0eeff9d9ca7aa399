"""What a camera notes in an MP4 of how its picture is to be shown; ffmpeg's own way to write it differs between its versions."""

import struct
from pathlib import Path

Steps = tuple[int, int, int, int]
"""The first four numbers of a QuickTime matrix: where a step to the right and one down lead."""

TURNED: dict[int, Steps] = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""By degrees clockwise."""


def note(film: Path, steps: Steps) -> None:
    """Change an MP4: its first track, which is its picture, is shown like that."""
    content = bytearray(film.read_bytes())
    start = content.index(b"tkhd") + 44
    right_x, right_y, down_x, down_y = (number << 16 for number in steps)
    content[start : start + 36] = struct.pack(">9i", right_x, right_y, 0, down_x, down_y, 0, 0, 0, 1 << 30)
    film.write_bytes(content)
