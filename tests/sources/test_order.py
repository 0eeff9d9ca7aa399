"""Two streams as one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.sources.order import Late, in_order


@dataclass(frozen=True)
class Item:
    due_s: float
    name: str = ""


times = st.lists(st.floats(0, 100), max_size=30).map(sorted)


@settings(deadline=None)
@given(times, times)
def test_items_come_in_the_order_of_their_time_and_none_is_lost(left: list[float], right: list[float]) -> None:
    out = [item.due_s for item in in_order(map(Item, left), map(Item, right))]
    assert out == sorted(left + right)


def test_the_left_one_is_first_where_both_are_due() -> None:
    assert [item.name for item in in_order(iter([Item(1.0, "left")]), iter([Item(1.0, "right")]))] == ["left", "right"]


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 9)), max_size=20),
    st.lists(st.one_of(st.none(), st.floats(0, 9)), max_size=20),
)
def test_a_stream_that_is_late_is_asked_again_until_all_is_out(
    left: list[float | None], right: list[float | None]
) -> None:
    def stream(times_s: list[float | None]) -> Iterator[Item | Literal[Late.LATE]]:
        for time_s in times_s:
            yield Late.LATE if time_s is None else Item(time_s)

    out = [item.due_s for item in in_order(stream(left), stream(right))]
    assert sorted(out) == sorted(time_s for time_s in left + right if time_s is not None)
    assert [t for t in out if t in left] == [t for t in left if t is not None] or set(left) & set(right)
