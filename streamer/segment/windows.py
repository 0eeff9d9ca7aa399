"""Without a microphone: windows of a few seconds in which a face is seen take the place of utterances. Pure."""

from typing import Final

import numpy as np

from streamer.messages import SegmentEvent, SpeechEnded, SpeechStarted
from streamer.settings import SegmentSettings

MIN_SEEN_S: Final = 0.5
"""A face that flashes by is not judged."""
GONE_S: Final = 0.5
"""A face that was not found for less than this was there."""
STEPS_MISSED: Final = 3.0
"""Where pictures come more seldom: that none came for as many of their own steps is a gap, in which nobody knows who was there."""


class FaceWindows:
    """One source's. `push` for each picture, in its order; `flush` at the end."""

    def __init__(self, settings: SegmentSettings) -> None:
        self._window_s = settings.window_s
        self._utterance = 0
        self._since_s: float | None = None
        self._seen_s = 0.0
        self._looked_s = float("-inf")
        """When the last picture was taken, ..."""
        self._step_s = float("inf")
        """... and how long after the one before."""
        self._open = False
        self._captured_s = 0.0

    def push(self, time_s: float, captured_s: float, *, face_visible: bool) -> list[SegmentEvent]:
        """Hear of a picture.

        Args:
            time_s: of the picture.
            captured_s: `time.monotonic()` at its capture; passed on to what it decides.
            face_visible: whether it shows a face.

        Returns:
            Begins and ends of windows; one window follows the other without a gap while a face is seen. Pictures must come oftener than
            windows.
        """
        self._captured_s = captured_s
        events: list[SegmentEvent] = []
        unseen_s = self._longest_gap_s if face_visible else GONE_S
        if self._since_s is not None and time_s - self._seen_s > unseen_s:
            events += self.flush()
        self._step_s, self._looked_s = time_s - self._looked_s, time_s
        if not face_visible:
            return events
        if self._since_s is None:
            self._since_s = time_s
        self._seen_s = time_s
        if not self._open and time_s - self._since_s >= MIN_SEEN_S:
            events.append(self._begin(self._since_s))
        if self._open and time_s - self._since_s >= self._window_s:
            end_s = self._since_s + self._window_s
            events += [SpeechEnded(end_s, end_s, captured_s)]
            self._since_s, self._open = end_s, False
        return events

    def flush(self) -> list[SegmentEvent]:
        """End the open window at the last sight of a face."""
        events: list[SegmentEvent] = [SpeechEnded(self._seen_s, self._seen_s, self._captured_s)] if self._open else []
        self._since_s, self._open = None, False
        return events

    @property
    def _longest_gap_s(self) -> float:
        """From one sight of a face to the next, if it was there all the while."""
        return min(max(GONE_S, STEPS_MISSED * self._step_s), self._window_s)

    def _begin(self, start_s: float) -> SpeechStarted:
        self._utterance += 1
        self._open = True
        return SpeechStarted(self._utterance, start_s, np.zeros(0, np.float32))
