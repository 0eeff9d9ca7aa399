"""What is told while something is wrong."""

import math
from itertools import islice

from streamer.sources.trouble import CLEAR_AFTER_S, CountedTrouble, Troubles, retry_delays_s


def test_the_end_of_one_trouble_is_not_the_end_of_another() -> None:
    told: list[str | None] = []
    troubles = Troubles(told.append)
    camera, microphone = troubles.part("camera"), troubles.part("microphone")
    camera("no pictures")
    microphone("no sound")
    camera(None)
    camera(None)
    microphone(None)
    assert told == ["no pictures", "no pictures; no sound", "no sound", None]


def test_the_same_trouble_is_told_once() -> None:
    told: list[str | None] = []
    part = Troubles(told.append).part("camera")
    part("gone")
    part("gone")
    assert told == ["gone"]


def test_damage_is_counted_and_is_over_when_the_stream_was_good_for_a_while() -> None:
    told: list[str | None] = []
    damage = CountedTrouble(told.append, "{count} lost")
    damage.went_well(1.0)
    damage.failed(2.0)
    damage.failed(3.0)
    damage.went_well(3.0 + CLEAR_AFTER_S / 2)
    damage.went_well(3.0 + CLEAR_AFTER_S)
    damage.went_well(20.0)
    assert told == ["1 lost", "2 lost", None]
    assert damage.count == 2


def test_damage_is_over_as_soon_where_the_clock_has_started_again_behind_it() -> None:
    told: list[str | None] = []
    damage = CountedTrouble(told.append, "{count} lost")
    damage.failed(5000.0)
    damage.went_well(1.4)
    damage.went_well(1.4 + CLEAR_AFTER_S / 2)
    assert told == ["1 lost"]
    damage.went_well(1.4 + CLEAR_AFTER_S)
    assert told == ["1 lost", None]


def test_damage_of_a_recording_stays_told_however_good_the_rest_is() -> None:
    told: list[str | None] = []
    damage = CountedTrouble(told.append, "{count} lost", clear_after_s=math.inf)
    damage.failed(2.0)
    damage.went_well(7200.0)
    damage.failed(7201.0)
    assert told == ["1 lost", "2 lost"]


def test_attempts_become_rarer_up_to_every_ten_seconds() -> None:
    assert list(islice(retry_delays_s(), 7)) == [1, 2, 4, 8, 10, 10, 10]
