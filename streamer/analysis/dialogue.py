"""What was said before: the context that a text network was trained on."""

from collections import deque
from typing import Final

from streamer.features import ContextTurn

FORGET_AFTER_S: Final = 60.0
"""After a silence this long, what follows is another conversation."""


class Dialogue:
    """The last utterances of one source, oldest first. Speakers are faces: an utterance without one has an unknown speaker."""

    def __init__(self, turns: int) -> None:
        self._turns: deque[ContextTurn] = deque(maxlen=max(turns, 1))
        self._last_end_s = 0.0

    def before(self, start_s: float) -> tuple[ContextTurn, ...]:
        """The turns that an utterance which begins at `start_s` follows."""
        if start_s - self._last_end_s > FORGET_AFTER_S:
            self._turns.clear()
        return tuple(self._turns)

    def add(self, text: str, track_id: int | None, end_s: float) -> None:
        """Remember an utterance whose words were believed."""
        self._turns.append(ContextTurn(speaker_name(track_id), text))
        self._last_end_s = end_s


def speaker_name(track_id: int | None) -> str | None:
    """How a face is called in a dialogue."""
    return None if track_id is None else f"face {track_id}"
