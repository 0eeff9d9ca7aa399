"""One time line for the packets of a container whose own clock may start again, or leap, in the middle."""

from fractions import Fraction
from typing import Final, Protocol

BACK_S: Final = 1.0
"""Stamps that go back further than this belong to a new clock (a recording put behind another, a sender that was restarted)."""
LEAP_S: Final = 10.0
"""So do stamps that leap forward further than this, in formats whose clock is known to do so."""


class Stamped(Protocol):
    """What is used of PyAV's `Packet`; stamps and durations are in units of `time_base` seconds."""

    stream_index: int
    pts: int | None
    dts: int | None
    duration: int | None
    time_base: Fraction


class Timeline:
    """Rewrites the stamps of packets, so that decoders and all who follow see one clock without leaps.

    A container's clock may have several epochs. The first stream that enters a new one decides where it lies (right behind what came
    before); the other streams join it, each when its own packets get there. So sound and picture stay together.
    """

    def __init__(self, leaps: bool) -> None:
        """Nothing is placed yet.

        Args:
            leaps: Whether a leap forward is a new epoch, or a pause to be kept.
        """
        self._leaps = leaps
        self._offsets_s: list[float] = [0.0]
        self._epoch: dict[int, int] = {}
        self._last_s: dict[int, float] = {}
        self._begin_s = 0.0
        self._end_s: float | None = None
        self.shown_until_s = 0.0
        """When the last of all that was placed has been heard or seen: later than it is decoded, where pictures are not stored in order."""

    @property
    def length_s(self) -> float:
        """From the first packet to the end of the last one."""
        return 0.0 if self._end_s is None else self._end_s - self._begin_s

    def place(self, packet: Stamped, not_before_s: float | None = None) -> float | None:
        """Put a packet on the time line, and say when it is decoded, in seconds; None where it has no stamp.

        Args:
            packet: Its `pts` and `dts` are changed in place. Packets of all streams come in the order of the container.
            not_before_s: Where a new epoch begins at the earliest (a live stream goes on when it goes on).
        """
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            return None
        own_s = _seconds(stamp, packet.time_base)
        stream = packet.stream_index
        epoch = self._epoch.setdefault(stream, len(self._offsets_s) - 1)
        if packet.dts is not None and self._is_new_epoch(stream, own_s + self._offsets_s[epoch]):
            epoch += 1
            self._epoch[stream] = epoch
            if epoch == len(self._offsets_s):
                begin_s = max(self._end_s or 0.0, not_before_s or 0.0)
                self._offsets_s.append(begin_s - own_s)
        time_s = self._shift(packet, self._offsets_s[epoch], own_s)
        if packet.dts is not None:  # only these come in order: pictures are not stored in that of their showing
            self._last_s[stream] = time_s
        end_s = time_s + _seconds(packet.duration or 0, packet.time_base)
        self._begin_s = time_s if self._end_s is None else min(self._begin_s, time_s)
        self._end_s = end_s if self._end_s is None else max(self._end_s, end_s)
        shown_s = time_s if packet.pts is None else _seconds(packet.pts, packet.time_base)
        self.shown_until_s = max(self.shown_until_s, shown_s + end_s - time_s)
        return time_s

    def _is_new_epoch(self, stream: int, time_s: float) -> bool:
        if self._end_s is None:
            return False
        goes_back = stream in self._last_s and time_s < self._last_s[stream] - BACK_S
        return goes_back or (self._leaps and time_s > self._end_s + LEAP_S)

    @staticmethod
    def _shift(packet: Stamped, offset_s: float, own_s: float) -> float:
        if not offset_s:  # mostly
            return own_s
        ticks = round(Fraction(offset_s) / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        return own_s + _seconds(ticks, packet.time_base)


def _seconds(ticks: int, time_base: Fraction) -> float:
    """The same as `float(ticks * time_base)`, which takes ten times as long, a hundred times a second."""
    return ticks * time_base.numerator / time_base.denominator
