"""Which pictures are worth converting, and how they become upright RGB of a bounded width."""

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from streamer.features.arrays import UInt8

if TYPE_CHECKING:
    import av
    from av.video.reformatter import VideoReformatter


class _OfThread(threading.local):
    """FFmpeg's converter, kept by each thread that asks for pictures as RGB: the one that looks for faces.

    A new one for each picture starts and ends a pool of threads each time, which takes longer than the conversion.
    """

    converter: "VideoReformatter | None" = None


_of_thread = _OfThread()


class FrameRateLimit:
    """Lets at most `max_fps` pictures a second through, evenly: 30 fps become 25, not 15."""

    def __init__(self, max_fps: float) -> None:
        self._period_s = 1.0 / max_fps
        self._due_s = float("-inf")
        self._last_s = float("-inf")

    def takes(self, time_s: float) -> bool:
        """Whether the picture of this time is wanted; asked once for each. One from before the last one taken never is."""
        if time_s <= self._last_s or time_s < self._due_s - self._period_s / 2:  # half a period: stamps jitter
            return False
        on_grid = time_s < self._due_s + self._period_s
        self._due_s = (self._due_s if on_grid else time_s) + self._period_s
        self._last_s = time_s
        return True


def upright_rgb(frame: "av.VideoFrame", max_width_px: int, pixel_aspect: float = 1.0) -> UInt8:
    """A decoded frame as [height, width, 3] with square pixels, turned and mirrored as its display matrix says.

    Phones store pictures on their side, and some mirrored. Scaling comes with the colour conversion, in one pass, before the turn.

    Args:
        frame: As stored.
        max_width_px: Of the upright picture.
        pixel_aspect: Width of a stored pixel divided by its height.
    """
    (right_x, right_y), (down_x, down_y) = _display_axes(frame)
    on_its_side = abs(right_y) > abs(right_x)
    shown_width_px, shown_height_px = frame.width * pixel_aspect, float(frame.height)
    upright_width_px = shown_height_px if on_its_side else shown_width_px
    scale = min(1.0, max_width_px / upright_width_px)
    size = {"width": max(1, round(shown_width_px * scale)), "height": max(1, round(shown_height_px * scale))}
    image = _converter().reformat(frame, **size, format="rgb24", threads=1).to_ndarray()
    if on_its_side:
        image = image.swapaxes(0, 1)
    if right_x + down_x < 0:  # one of the two is 0; where the matrix leans, the larger counts: the nearest quarter turn
        image = image[:, ::-1]
    if right_y + down_y < 0:
        image = image[::-1]
    return np.ascontiguousarray(image, dtype=np.uint8)


def _display_axes(frame: "av.VideoFrame") -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a step to the right and a step down in the stored picture lead, (x, y), in the shown one; in 16.16 fixed point."""
    from av.sidedata.sidedata import SideDataContainer

    # Not `frame.side_data`, which the frame keeps and which keeps the frame: both stay until Python looks for cycles, 25 MB of them.
    matrix: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # its stub has no constructor
    if matrix is None:
        return (1, 0), (0, 1)
    right_x, right_y, _, down_x, down_y, *_ = np.frombuffer(matrix, np.int32).tolist()
    return (right_x, right_y), (down_x, down_y)


def _converter() -> "VideoReformatter":
    if _of_thread.converter is None:
        from av.video.reformatter import VideoReformatter  # FFmpeg is slow to load, and not every source needs it

        _of_thread.converter = VideoReformatter()
    return _of_thread.converter
