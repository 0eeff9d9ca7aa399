"""Whisper that hears what was said and some silence after it, not half a minute each time.

Its encoder was trained on 30 s, and is given 30 s: a sentence of two seconds is filled up with silence. On a processor that is most of the
work. With less than about ten seconds of silence the decoder says some sentences twice, so as much is left.
"""

import threading
from functools import cached_property
from typing import Any, Final

import numpy as np
from faster_whisper import WhisperModel

from streamer.messages import SAMPLE_RATE_HZ

ROOM_S: Final = 12.0
"""Of silence after what was said: 2 to 4 s make tiny.en repeat whole sentences, 12 s made neither it nor base do so."""
_FRAMES_PER_S: Final = 100
_TIMESTAMPS: Final = 1501
"""Tokens of a moment in the half minute, each 20 ms."""


class _Heard(threading.local):
    """What each thread hears with the one model."""

    frames: int | None = None


class BriefWhisper(WhisperModel):  # type: ignore[misc] # it has no types
    """faster-whisper's model; where nobody says how long the sound is, it is half a minute."""

    room_s = ROOM_S

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._heard = _Heard()

    def hears(self, samples: int) -> None:
        """How long the sound is that this thread hears next."""
        self._heard.frames = 2 * round((samples / SAMPLE_RATE_HZ + self.room_s) * _FRAMES_PER_S / 2)

    @cached_property
    def timestamps(self) -> list[int]:
        """The tokens that are moments. A decoder that says `0.00` twice, though nobody asked, makes the library go round for ever."""
        first = self.hf_tokenizer.token_to_id("<|notimestamps|>") + 1
        return list(range(first, first + _TIMESTAMPS))

    def encode(self, features: np.ndarray[Any, Any]) -> Any:
        """[bands, 3000] of log-mel, of which the beginning is encoded."""
        return super().encode(features[..., : self._heard.frames])
