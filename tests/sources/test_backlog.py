"""What came before anybody listened."""

import pytest

from streamer.sources.backlog import WORTH_S, Backlog


def test_what_came_while_nobody_read_is_told_from_what_comes_now() -> None:
    backlog = Backlog(5.0)
    assert [backlog.holds(time_s) for time_s in (100.0, 104.9, 99.8, 105.0, 104.9)] == [True, True, True, False, True]
    assert backlog.until_s == 105.0


def test_a_packet_without_a_stamp_goes_with_the_one_before() -> None:
    backlog = Backlog(5.0)
    assert [backlog.holds(time_s) for time_s in (100.0, None, 105.0, None)] == [True, True, False, False]


@pytest.mark.parametrize("waited_s", [0.0, WORTH_S - 0.01])
def test_a_connection_that_is_read_at_once_has_none(waited_s: float) -> None:
    backlog = Backlog(waited_s)
    assert not any(backlog.holds(time_s) for time_s in (100.0, None, 99.0, 101.0))
