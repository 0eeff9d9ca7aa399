"""A camera: read by a thread of its own, so that the newest picture is never behind older ones; unplugged, it is waited for."""

import os
import sys
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from streamer.errors import DeviceError
from streamer.features.arrays import UInt8
from streamer.sources.clock import CaptureClock
from streamer.sources.devices import cameras_there
from streamer.sources.pictures import FrameRateLimit
from streamer.sources.trouble import Troubles, retry_delays_s

STALL_S: Final = 2.0
"""Without a picture, or with one and the same picture, for so long, the camera has gone."""
MAX_LATENCY_S: Final = 1.0
"""A driver's stamp further back than this is on another clock."""
FAILED_READ_S: Final = 0.02
"""The wait before the next read: of a camera that was pulled out, every read fails at once."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, Any]:
        """Wait for the next picture, BGR [height, width, 3]; False and None where none comes."""
        ...

    def get(self, prop: int, /) -> float:
        """A property; the driver's time of the last picture in ms is one."""
        ...

    def release(self) -> None:
        """Let the device go."""
        ...


OpenCapture = Callable[[int | str, int, float], Capture]
"""Opens a device, and asks it for a width in pixels and a number of pictures a second.

Raises:
    DeviceError: it is not there, or cannot be opened.
"""


def open_v4l2(device: int | str, width_px: int, fps: float) -> Capture:
    """A real camera, through OpenCV: by index, or by path (`/dev/v4l/by-id/…` stays the same when others come and go)."""
    path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
    if sys.platform == "linux" and not path.exists():
        raise DeviceError(f"camera {device}: there is none at {path}; {cameras_there()}")
    os.environ.setdefault(
        "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", f"{STALL_S:g}"
    )  # s; 10 are too long to wait for a dead one
    import cv2

    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # it would write over the dashboard; what matters we tell ourselves
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
    if not capture.isOpened():
        capture.release()
        raise DeviceError(
            f"camera {device}: cannot be opened; does another program hold it, or may this user not read {path} "
            f"(sudo usermod -aG video $USER)? {cameras_there()}"
        )
    capture.set(
        cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")
    )  # two cameras on one USB have no room for raw pictures
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, width_px * 3 // 4)
    capture.set(cv2.CAP_PROP_FPS, fps)
    return capture


class Camera:
    """One camera: opened at once, seen by `run`."""

    def __init__(
        self,
        device: int | str,
        max_width_px: int,
        max_fps: float,
        troubles: Troubles,
        open_capture: OpenCapture = open_v4l2,
    ) -> None:
        """Open it.

        Args:
            device: Index or path.
            max_width_px: Wider pictures are scaled down.
            max_fps: Pictures that come faster are left out.
            troubles: Told when it goes away, and when it is back.
            open_capture: The edge to the hardware.

        Raises:
            DeviceError: it is not there, or cannot be opened.
        """
        self._device = int(device) if isinstance(device, str) and device.isdecimal() else device
        self._max_width_px = max_width_px
        self._max_fps = max_fps
        self._tell = troubles.part("camera")
        self._open_capture = open_capture
        self._capture = open_capture(self._device, max_width_px, max_fps)
        self._freeze = _Freeze()
        self._delays_s = retry_delays_s()
        self.name = f"camera {self._device}"

    def run(
        self, deliver: Callable[[float, Callable[[], UInt8], float], None], clock: CaptureClock, stop: threading.Event
    ) -> None:
        """See until `stop`, which is heeded at the next picture, or when none comes for `STALL_S`.

        Args:
            deliver: Gets the stream time of each picture that is wanted, what makes it RGB, [height, width, 3], and the
                `time.monotonic()` of its capture.
            clock: Shared with the microphone.
            stop: Set by another thread.
        """
        limit = FrameRateLimit(self._max_fps)
        seen_s = time.monotonic()
        while not stop.is_set():
            seen, image_bgr = self._capture.read()
            now_s = time.monotonic()
            if not seen or image_bgr is None:
                if now_s - seen_s >= STALL_S:  # one picture that cannot be decoded is no loss
                    self._get_back("gives no pictures, is it unplugged?", stop)
                    seen_s = time.monotonic()
                else:
                    stop.wait(FAILED_READ_S)
            elif self._freeze.has_frozen(image_bgr, now_s):
                self._get_back("repeats one picture, is it unplugged or covered?", stop)
                seen_s = time.monotonic()
            else:
                seen_s = now_s
                self._tell(None)
                self._delays_s = retry_delays_s()
                captured_s = self._captured_s(now_s)
                time_s = clock.stream_time_s(captured_s)
                if limit.takes(time_s):
                    deliver(time_s, partial(self._as_rgb, image_bgr), captured_s)

    def close(self) -> None:
        """Let the device go."""
        self._capture.release()

    def _get_back(self, what: str, stop: threading.Event) -> None:
        """Open it again, until that works or `stop`; whether pictures come then, `run` sees."""
        self._tell(f"{self.name}: {what} it is opened again when it is back")
        self._capture.release()
        while not stop.wait(next(self._delays_s)):
            try:
                self._capture = self._open_capture(self._device, self._max_width_px, self._max_fps)
            except DeviceError:  # still away: `_tell` has said so, and the next try is later
                continue
            return

    def _captured_s(self, now_s: float) -> float:
        """The driver's stamp of the last picture, where it is on the monotonic clock; else the moment it was had."""
        import cv2

        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        return stamp_s if 0.0 <= now_s - stamp_s <= MAX_LATENCY_S else now_s

    def _as_rgb(self, image_bgr: UInt8) -> UInt8:
        import cv2

        height_px, width_px = image_bgr.shape[:2]
        if width_px > self._max_width_px:
            size = (self._max_width_px, max(1, round(height_px * self._max_width_px / width_px)))
            image_bgr = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


class _Freeze:
    """Tells a camera that repeats its last picture, as some do when unplugged, from one that sees: a sensor is never without noise."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._since_s = 0.0

    def has_frozen(self, image_bgr: UInt8, now_s: float) -> bool:
        """Whether the picture has been the same for longer than `STALL_S`; only a different one ends that."""
        fingerprint = zlib.crc32(image_bgr[::8, ::8].tobytes())
        if fingerprint != self._last:
            self._last, self._since_s = fingerprint, now_s
        return now_s - self._since_s > STALL_S
