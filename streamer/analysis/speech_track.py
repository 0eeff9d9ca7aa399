"""What was heard, chunk by chunk, over the last half minute: voice and level by time, for whoever joins it with pictures."""

from collections import deque
from typing import Final

from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Heard

KEEP_S: Final = 30.0
SILENT_DBFS: Final = -100.0


class SpeechTrack:
    """Belongs to the analysis thread."""

    def __init__(self) -> None:
        self._heard: deque[Heard] = deque(maxlen=int(KEEP_S * SAMPLE_RATE_HZ / CHUNK_SAMPLES))

    def add(self, heard: Heard) -> None:
        """The next chunk."""
        self._heard.append(heard)

    def between(self, start_s: float, end_s: float) -> list[Heard]:
        """The chunks that end within the span, in time order."""
        return [heard for heard in self._heard if start_s <= heard.time_s <= end_s]

    def loudest_dbfs(self, since_s: float) -> float:
        """The level of the loudest chunk since then."""
        return max((heard.level_dbfs for heard in self._heard if heard.time_s >= since_s), default=SILENT_DBFS)
