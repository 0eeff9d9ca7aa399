"""What is done a few times a second, in stream time."""


class Cadence:
    """Says when the next time has come; keeps the rate on average although pictures come when they come."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1 / rate_hz
        self._next_s: float | None = None

    def due(self, time_s: float) -> bool:
        """Whether it is time, now that a picture of `time_s` is there; the first picture always is. Ask once a picture."""
        slack_s = 0.002  # times of pictures are rounded
        if self._next_s is not None and time_s < self._next_s - slack_s:
            return False
        self._next_s = max((self._next_s if self._next_s is not None else time_s) + self._period_s, time_s)
        return True
