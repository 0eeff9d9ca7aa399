"""How the utterances before sounded, for an audio network that was trained to hear them too."""

from collections import deque

from streamer.analysis.dialogue import FORGET_AFTER_S
from streamer.features import AudioSpec, FunctionalsSpec
from streamer.features.arrays import Float32


class Voices:
    """What one source's last utterances left behind, oldest first; nothing where the network hears each utterance by itself."""

    def __init__(self, spec: AudioSpec | None) -> None:
        self._hears_dialogues = isinstance(spec, FunctionalsSpec)
        self._kept: deque[Float32] = deque(maxlen=spec.history_utterances if spec else 0)
        self._last_end_s = 0.0

    @property
    def remembers(self) -> bool:
        """Whether the network is told of earlier utterances at all."""
        return self._kept.maxlen != 0

    def before(self, start_s: float) -> tuple[Float32, ...]:
        """Of each utterance that one which begins at `start_s` follows, what its stream gave as its memory.

        After a silence a dialogue begins anew; what a microphone and its people sound like does not, and to remember somebody else
        is no worse than nobody (docs/results.md).
        """
        if self._hears_dialogues and start_s - self._last_end_s > FORGET_AFTER_S:
            self._kept.clear()
        return tuple(self._kept)

    def add(self, memory: Float32 | None, end_s: float) -> None:
        """Remember an utterance, where it had a voice."""
        if memory is None:
            return
        self._kept.append(memory)
        self._last_end_s = end_s
