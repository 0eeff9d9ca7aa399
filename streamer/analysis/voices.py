"""How the utterances before sounded: what an audio network hears that was trained on dialogues."""

from collections import deque

from streamer.analysis.dialogue import FORGET_AFTER_S
from streamer.features import AudioSpec, FunctionalsSpec
from streamer.features.arrays import Float32


class Voices:
    """The audio features of one source's last utterances, oldest first; none where the network hears each utterance by itself."""

    def __init__(self, spec: AudioSpec | None) -> None:
        self.kept = spec.history_utterances if isinstance(spec, FunctionalsSpec) else 0
        """How many utterances are remembered."""
        self._features: deque[Float32] = deque(maxlen=self.kept)
        self._last_end_s = 0.0

    def before(self, start_s: float) -> tuple[Float32, ...]:
        """[steps, width] of each utterance that one which begins at `start_s` follows."""
        if start_s - self._last_end_s > FORGET_AFTER_S:
            self._features.clear()
        return tuple(self._features)

    def add(self, features: Float32 | None, end_s: float) -> None:
        """Remember an utterance, where it had a voice."""
        if features is None:
            return
        self._features.append(features)
        self._last_end_s = end_s
