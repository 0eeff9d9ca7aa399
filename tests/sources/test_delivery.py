"""Ticks where there are no pictures or no sound, and pictures and sound that come too late."""

import numpy as np
import pytest

from streamer.channel import Channel, WhenFull
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.sources.audio_blocks import SoundBlock
from streamer.sources.delivery import LIVE_LAG_S, MAX_LIVE_LAG_S, MOST_TICKS, TICK_S, Delivery

IMAGE = np.zeros((2, 2, 3), np.uint8)


class Ends:
    """Both channels of a delivery."""

    def __init__(self, *, live: bool, pictures: bool = True) -> None:
        self.audio = Channel[AudioChunk | AudioTick]("audio", 10_000, WhenFull.WAIT)
        self.video = Channel[VideoFrame | VideoTick]("video", 10_000, WhenFull.WAIT)
        self.told: list[str | None] = []
        self.delivery = Delivery(self.audio, self.video if pictures else None, live=live, on_trouble=self.told.append)

    def hear(self, from_s: float, to_s: float) -> None:
        for index in range(round(from_s * 31.25), round(to_s * 31.25)):
            self.delivery.sound(SoundBlock(index / 31.25, np.zeros(512, np.float32)), captured_s=0.0)

    def see_alone(self, from_s: float, to_s: float) -> None:
        """Pictures of a file that has no sound there."""
        for index in range(round(from_s * 25), round(to_s * 25)):
            self.delivery.picture(index / 25, IMAGE.copy)
            self.delivery.no_sound(index / 25, lambda time_s: 1000.0 + time_s)

    def heard(self) -> list[AudioChunk | AudioTick]:
        return [self.audio.get(0) for _ in range(len(self.audio))]

    def seen(self) -> list[VideoFrame | VideoTick]:
        return [self.video.get(0) for _ in range(len(self.video))]


def test_while_pictures_come_there_are_no_ticks() -> None:
    ends = Ends(live=False)
    for index in range(50):
        ends.delivery.picture(index / 25, IMAGE.copy)
        ends.hear(index / 25, (index + 1) / 25)
    assert all(isinstance(item, VideoFrame) for item in ends.seen())


def test_without_pictures_a_tick_follows_the_sound_every_quarter_second() -> None:
    ends = Ends(live=False)
    ends.hear(0, 2)
    ticks = ends.seen()
    assert all(isinstance(tick, VideoTick) for tick in ticks)
    steps_s = np.diff([0.0, *(tick.time_s for tick in ticks)])
    assert steps_s.min() >= TICK_S
    assert steps_s.max() < TICK_S + 0.033


def test_a_source_without_pictures_has_no_ticks_either() -> None:
    ends = Ends(live=False, pictures=False)
    ends.hear(0, 2)
    ends.delivery.picture(0.5, IMAGE.copy)
    assert ends.seen() == []
    assert len(ends.audio) == 62


def test_live_a_picture_may_be_a_little_later_than_its_sound() -> None:
    ends = Ends(live=True)
    ends.hear(0, 1)
    ends.delivery.picture(1.0 - LIVE_LAG_S + 0.04, IMAGE.copy)
    assert isinstance(ends.seen()[-1], VideoFrame)


def test_a_picture_behind_a_tick_is_left_out_so_that_times_never_go_back_and_live_the_ticks_then_wait_longer() -> None:
    ends = Ends(live=True)
    ends.hear(0, 4)
    ends.delivery.picture(2.5, IMAGE.copy)  # 1.5 s behind the sound
    ends.hear(4, 5)
    ends.delivery.picture(3.6, IMAGE.copy)  # as late, but now it is waited for
    seen = ends.seen()
    assert [item.time_s for item in seen if isinstance(item, VideoFrame)] == [3.6]
    assert [item.time_s for item in seen] == sorted(item.time_s for item in seen)
    assert ends.delivery.late_pictures == 1


def test_live_pictures_that_come_too_late_to_be_waited_for_are_told_with_the_mend_until_one_comes_in_time() -> None:
    ends = Ends(live=True)
    ends.hear(0, 4)
    ends.delivery.picture(1.5, IMAGE.copy)  # late, and from now on waited for
    assert ends.told == []
    for second in range(4, 7):
        ends.hear(second, second + 1)
        ends.delivery.picture(second + 1 - MAX_LIVE_LAG_S - 0.5, IMAGE.copy)
    (told,) = set(ends.told)
    assert told is not None
    assert "more than 3 s after their sound and are left out; lower the delay of the camera's encoder" in told
    ends.delivery.picture(6.5, IMAGE.copy)
    assert ends.told[-1] is None


def test_where_the_sound_ends_ticks_of_a_chunks_length_follow_the_pictures_and_carry_their_capture() -> None:
    ends = Ends(live=False)
    ends.hear(0, 0.96)
    ends.see_alone(0.96, 1.2)
    assert all(isinstance(item, AudioChunk) for item in ends.heard())  # sound may end a little before the pictures
    ends.see_alone(1.2, 3)
    ticks = ends.heard()
    assert [tick.time_s for tick in ticks] == pytest.approx([0.96 + 0.032 * (i + 1) for i in range(62)])
    assert [tick.captured_s for tick in ticks] == pytest.approx([1000.0 + tick.time_s for tick in ticks])


def test_where_pictures_leap_together_with_the_sound_ticks_follow_what_was_heard_and_do_not_fill_hours() -> None:
    ends = Ends(live=False)
    ends.hear(0, 0.96)
    ends.heard()
    ends.see_alone(7200, 7200.04)
    times_s = [tick.time_s for tick in ends.heard()]
    assert times_s == pytest.approx([0.96 + 0.032 * (i + 1) for i in range(MOST_TICKS)])
    ends.see_alone(7200.04, 7200.2)
    assert [tick.time_s for tick in ends.heard()] == pytest.approx([7200.032 + 0.032 * i for i in range(4)], abs=0.032)


def test_before_the_first_sound_ticks_begin_with_the_stream() -> None:
    ends = Ends(live=False)
    ends.see_alone(0, 1.04)
    assert [tick.time_s for tick in ends.heard()] == pytest.approx([0.032 * (i + 1) for i in range(31)])


def test_sound_that_is_stored_behind_its_pictures_is_heard_and_is_called_missing_once() -> None:
    ends = Ends(live=False)
    ends.hear(0, 0.96)
    ends.see_alone(0, 4)
    assert any(isinstance(item, AudioTick) for item in ends.heard())
    for index in range(100, 200):  # and so it goes on: three seconds behind
        ends.hear(index / 25 - 3.04, index / 25 - 3.0)
        ends.see_alone(index / 25, (index + 1) / 25)
    heard = ends.heard()
    assert all(isinstance(item, AudioChunk) for item in heard)
    assert heard[-1].time_s > 4.8


def test_chunks_carry_their_capture() -> None:
    ends = Ends(live=False)
    ends.delivery.sound(SoundBlock(1.5, np.ones(3, np.float32)), captured_s=77.0)
    chunk = ends.audio.get(0)
    assert isinstance(chunk, AudioChunk)
    assert (chunk.time_s, chunk.captured_s) == pytest.approx((1.5, 77.0))
