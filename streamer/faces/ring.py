"""What was seen lately, by time: where the faces stage leaves its sightings, and the analysis finds them."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from streamer.messages import FaceSighting

VISIBLE_S: Final = 0.3
"""A face seen no longer ago than this is in view."""


class FaceRing:
    """One writer, any number of readers."""

    def __init__(self, keep_s: float) -> None:
        """`keep_s`: sightings that are older than the newest picture by more are forgotten; half a minute of four faces takes 6 MB."""
        self._keep_s = keep_s
        self._sightings: deque[FaceSighting] = deque()
        self._seen_until_s = float("-inf")
        self._closed = False
        self._changed = threading.Condition()

    def add(self, time_s: float, sightings: Sequence[FaceSighting]) -> None:
        """The faces of the picture of `time_s`; none are also told."""
        with self._changed:
            self._sightings.extend(sightings)
            self._advance(time_s)

    def advance(self, time_s: float) -> None:
        """There is nothing more to see until `time_s`."""
        with self._changed:
            self._advance(time_s)

    def close(self) -> None:
        """The video is over: nobody waits for it any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def seen_until_s(self) -> float:
        """How far the video has been looked at; minus infinity before its first picture."""
        with self._changed:
            return self._seen_until_s

    def wait_until(self, time_s: float, timeout_s: float | None = None) -> bool:
        """Wait until the video up to `time_s` has been looked at, or is over; False when it was not within `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or self._seen_until_s >= time_s, timeout_s)

    def between(self, start_s: float, end_s: float) -> list[FaceSighting]:
        """The sightings of a span, both ends included, in time order."""
        with self._changed:
            return [sighting for sighting in self._sightings if start_s <= sighting.time_s <= end_s]

    def visible_at(self, time_s: float) -> list[FaceSighting]:
        """The newest sighting of each face in view at `time_s`, by track."""
        newest = {sighting.track_id: sighting for sighting in self.between(time_s - VISIBLE_S, time_s)}
        return [newest[track_id] for track_id in sorted(newest)]

    def _advance(self, time_s: float) -> None:
        self._seen_until_s = max(self._seen_until_s, time_s)
        while self._sightings and self._sightings[0].time_s < self._seen_until_s - self._keep_s:
            self._sightings.popleft()
        self._changed.notify_all()
