"""What a connection brought before anybody read it."""

from typing import Final

WORTH_S: Final = 1.0
"""A connection that was not read for less than this is played from its beginning."""


class Backlog:
    """Of one connection, which may be minutes old when it is read: networks are loaded, or fetched, after it was opened.

    What came meanwhile would be taken for what happens now, and the stream would be ahead of the clock for ever. So it is decoded, since
    what follows may refer to it, and not handed on.
    """

    def __init__(self, waited_s: float) -> None:
        """`waited_s`: since the connection was opened."""
        self._waited_s = waited_s if waited_s >= WORTH_S else 0.0
        self._is_old = False
        self.until_s: float | None = None
        """Where it ends, on the connection's clock; None before the first packet."""

    def holds(self, time_s: float | None) -> bool:
        """Whether it has the next packet, by when that is decoded, on the connection's clock; None: as the one before."""
        if time_s is not None and self._waited_s:
            if self.until_s is None:
                self.until_s = time_s + self._waited_s
            self._is_old = time_s < self.until_s
        return self._is_old
