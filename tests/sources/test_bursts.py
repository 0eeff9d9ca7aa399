"""What leaves a recording at once, and how far it is decoded ahead."""

from collections.abc import Iterator

import av
import numpy as np

from streamer.sources.audio_blocks import SoundBlock
from streamer.sources.bursts import DECODED_AHEAD, Group, decoded_ahead, with_next_sound
from streamer.sources.decoders import DecodedPicture


def sound(number: int) -> SoundBlock:
    return SoundBlock(number * 0.032, np.zeros(512, np.float32))


def picture(time_s: float) -> DecodedPicture:
    return DecodedPicture(time_s, av.VideoFrame(4, 4, "rgb24"))


def test_pictures_leave_with_the_sound_that_is_complete_next_and_after_the_last_sound_two_by_two() -> None:
    items: Group = [
        picture(0.0),
        sound(0),
        sound(1),
        picture(0.08),
        sound(2),
        picture(1.0),
        picture(1.04),
        picture(1.08),
    ]
    assert [len(group) for group in with_next_sound(iter(items))] == [2, 1, 2, 2, 1]


def test_a_burst_is_decoded_when_its_first_group_is_asked_for_and_nothing_is_lost_at_the_end() -> None:
    decoded = 0

    def groups() -> Iterator[Group]:
        nonlocal decoded
        for decoded in range(1, DECODED_AHEAD + 3):
            yield [sound(decoded)]

    ahead = decoded_ahead(groups())
    next(ahead)
    assert decoded == DECODED_AHEAD
    assert len(list(ahead)) == DECODED_AHEAD + 1
