"""When that which arrives in bursts leaves, so that those who follow get it as evenly as it was captured."""

from typing import Final

SKIPPED_S: Final = 1.0
"""A step of the stream's time that is longer than this: part of it was left out, and what comes after it is not waited for."""


class PlayOut:
    """The clock by which one connection is played: its own time, put off by the latest arrival so far.

    What is in store bridges the time to the next burst. Where that was too long, all that follows leaves as much later, once. Only what is
    ahead of all before it is waited for: sound that is stored behind its pictures has waited with them.
    """

    def __init__(self) -> None:
        self._zero_s = 0.0
        """When the stream's moment 0 leaves, in `time.monotonic()`."""
        self._latest_due_s = float("-inf")

    def leaves_s(self, due_s: float, now_s: float) -> float:
        """When an item leaves, in `time.monotonic()`; not before it arrived.

        Args:
            due_s: When it is complete, on the stream clock.
            now_s: `time.monotonic()` at its arrival; the next one arrives after this one has left.
        """
        step_s = due_s - self._latest_due_s
        if step_s <= 0.0:
            return now_s
        self._latest_due_s = due_s
        arrived_zero_s = now_s - due_s
        self._zero_s = arrived_zero_s if step_s > SKIPPED_S else max(self._zero_s, arrived_zero_s)
        return self._zero_s + due_s
