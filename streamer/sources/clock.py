"""Stream clocks: 0 at the first thing captured, never going back."""

import threading


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
