"""A few times a second, whenever pictures come."""

from streamer.faces.cadence import Cadence


def _done(cadence: Cadence, times_s: list[float]) -> list[float]:
    return [time_s for time_s in times_s if cadence.due(time_s)]


def test_the_rate_is_kept_on_average_though_it_divides_no_rate_of_pictures() -> None:
    assert len(_done(Cadence(8.0), [number / 25 for number in range(250)])) == 80


def test_what_was_missed_while_no_pictures_came_is_made_up_for_once_at_most() -> None:
    after = [number / 25 for number in range(250, 275)]
    assert 5 <= len(_done(Cadence(5.0), after)) <= len(_done(Cadence(5.0), [0.0, *after])) - 1 <= 6
