"""What a recording that is played in real time decodes at once, and what leaves it at once: every wait costs processor time."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from streamer.sources.audio_blocks import SoundBlock
from streamer.sources.decoders import DecodedPicture

TOGETHER_S: Final = CHUNK_SAMPLES / SAMPLE_RATE_HZ
"""Pictures wait no longer than this for sound."""
DECODED_AHEAD: Final = 8
"""Groups; with sound, a quarter of a second."""

Group = list[SoundBlock | DecodedPicture]


def with_next_sound(items: Iterator[SoundBlock | DecodedPicture]) -> Iterator[Group]:
    """What leaves at once: pictures with the sound that is complete after them, at most `TOGETHER_S` later.

    To be woken at a moment of its own costs a picture as much processor time as to be decoded.
    """
    together: Group = []
    for item in items:
        together.append(item)
        if isinstance(item, SoundBlock) or item.due_s - together[0].due_s >= TOGETHER_S:
            yield together
            together = []
    if together:
        yield together


def decoded_ahead(groups: Iterator[Group]) -> Iterator[Group]:
    """The same, decoded a few at a time: after each wait the processor's caches are cold, and decoding then takes twice as long."""
    while some := list(islice(groups, DECODED_AHEAD)):
        yield from some
