"""What was heard, chunk by chunk, lately: voice and level by time, for whoever joins it with pictures."""

from collections import deque

from streamer.messages import Heard
from streamer.segment import SILENCE_DBFS


class SpeechTrack:
    """Belongs to the analysis thread."""

    def __init__(self, keep_s: float) -> None:
        """`keep_s`: chunks that ended longer before the newest one are forgotten."""
        self._keep_s = keep_s
        self._heard: deque[Heard] = deque()

    def add(self, heard: Heard) -> None:
        """The next chunk."""
        self._heard.append(heard)
        while self._heard[0].time_s < heard.time_s - self._keep_s:
            self._heard.popleft()

    def between(self, start_s: float, end_s: float) -> list[Heard]:
        """The chunks that end within the span, in time order."""
        return [heard for heard in self._heard if start_s <= heard.time_s <= end_s]

    def loudest_dbfs(self, since_s: float) -> float:
        """The level of the loudest chunk since then."""
        return max((heard.level_dbfs for heard in self._heard if heard.time_s >= since_s), default=SILENCE_DBFS)
