"""Stream clocks: 0 at the first thing captured, never going back."""

import threading
from collections import deque
from statistics import median
from typing import Final

STAMPS: Final = 16
"""Half a second of 32 ms blocks: how many stamps of a driver are held against each other."""
SETTLE_S: Final = 1.0
"""After its start, a sound device hands out what it has in store, its delay changes, and its stamps leap: nothing is believed."""


class CaptureClock:
    """One clock for a camera and a microphone: seconds since whichever came first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._zero_s: float | None = None

    def stream_time_s(self, captured_s: float) -> float:
        """The stream time of a capture.

        Args:
            captured_s: `time.monotonic()` when it happened; the first one asked for is 0, one before that is negative.
        """
        with self._lock:
            if self._zero_s is None:
                self._zero_s = captured_s
            return captured_s - self._zero_s


class SampleClock:
    """When sound was captured: the driver's stamps, which jitter by a whole buffer, held against the count of samples, which does not.

    The median of what the last stamps say is right unless samples were lost, and then it is right again a quarter second later.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._count = 0
        self._offsets_s = deque[float](maxlen=STAMPS)

    @property
    def settled(self) -> bool:
        """Whether the device has run long enough for its stamps to be believed."""
        return self._count >= SETTLE_S * self._sample_rate_hz

    def captured_s(self, samples: int, stamp_s: float, *, after_loss: bool) -> float:
        """When the next samples were captured, `time.monotonic()` of the first of them.

        Args:
            samples: How many.
            stamp_s: The driver's word for it.
            after_loss: The driver knows that some are missing before them.
        """
        if after_loss:
            self._offsets_s.clear()
        counted_s = self._count / self._sample_rate_hz
        self._offsets_s.append(stamp_s - counted_s)
        self._count += samples
        return median(self._offsets_s) + counted_s


class ConnectionClock:
    """Where the clocks of one connection after another lie on the stream clock, which never goes back."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._zero_s: float | None = None
        self._latest_s = 0.0

    def reconnected(self) -> None:
        """What comes next has a clock of its own; it goes on where we are now."""
        self._zero_s = None

    def stream_time_s(self, own_s: float, now_s: float) -> float:
        """The stream time of a moment.

        Args:
            own_s: On the connection's clock.
            now_s: `time.monotonic()` at its arrival.
        """
        if self._began_s is None:
            self._began_s = now_s
        if self._zero_s is None:
            self._zero_s = own_s - max(now_s - self._began_s, self._latest_s)
        time_s = own_s - self._zero_s
        self._latest_s = max(self._latest_s, time_s)
        return time_s

    def own_time_s(self, now_s: float) -> float | None:
        """The other way round: what the connection's clock should show now."""
        if self._zero_s is None or self._began_s is None:
            return None
        return now_s - self._began_s + self._zero_s
