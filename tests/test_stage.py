import threading
from collections.abc import Iterator

import pytest

from streamer.channel import Channel, Closed, WhenFull
from streamer.errors import DeviceError, StageError
from streamer.stage import Supervisor, transform


def drain(channel: Channel[int]) -> list[int]:
    items: list[int] = []
    try:
        while True:
            items.append(channel.get(timeout_s=5))
    except Closed:
        return items


def test_a_stage_flushes_what_it_holds_when_its_input_ends() -> None:
    source, target = Channel[int]("in", 9, WhenFull.WAIT), Channel[int]("out", 9, WhenFull.WAIT)
    held: list[int] = []

    def keep(item: int) -> Iterator[int]:
        held.append(item)
        return iter(())

    for item in (1, 2):
        source.put(item)
    source.close()
    transform(source, keep, target, at_end=lambda: held)()
    assert drain(target) == [1, 2]


def test_a_stage_whose_input_falls_silent_says_so_again_and_again_and_goes_on() -> None:
    source, target = Channel[int]("in", 9, WhenFull.WAIT), Channel[int]("out", 9, WhenFull.WAIT)
    waited_s: list[float] = []

    def wait(seconds: float) -> list[int]:
        waited_s.append(seconds)
        return [0]

    stage = transform(source, lambda item: [item], target, while_idle=wait, idle_s=0.01)
    threading.Thread(target=stage, daemon=True).start()
    assert [target.get(timeout_s=5) for _ in range(3)] == [0, 0, 0]
    assert 0.01 <= waited_s[0] < waited_s[1] < waited_s[2]
    source.put(1)
    source.close()
    assert drain(target)[-1] == 1


def test_what_a_step_gave_before_it_failed_is_handed_on() -> None:
    source, target = Channel[int]("in", 9, WhenFull.WAIT), Channel[int]("out", 9, WhenFull.WAIT)

    def fail(item: int) -> Iterator[int]:
        yield item
        raise DeviceError("unplugged")

    source.put(1)
    with pytest.raises(DeviceError, match="unplugged"):
        transform(source, fail, target)()
    assert drain(target) == [1]


def test_the_first_failure_is_told_with_the_name_of_its_stage() -> None:
    told: list[StageError] = []
    seen = threading.Event()

    def on_failure(error: StageError) -> None:
        told.append(error)
        seen.set()

    def fail() -> None:
        raise DeviceError("the camera went away")

    supervisor = Supervisor("cam", {"capture": fail}, on_failure=on_failure, on_end=lambda: None)
    supervisor.start()
    assert seen.wait(5)
    assert supervisor.join(5)
    assert [(error.stage, str(error)) for error in told] == [("capture", "capture: the camera went away")]


def test_a_failed_stage_lets_its_writer_go_and_ends_its_reader() -> None:
    source, target = Channel[int]("in", 1, WhenFull.WAIT), Channel[int]("out", 1, WhenFull.WAIT)

    def fail(_: int) -> Iterator[int]:
        raise ZeroDivisionError

    def write() -> None:
        for item in range(9):
            source.put(item)

    ended: list[str] = []
    supervisor = Supervisor(
        "cam",
        {"step": transform(source, fail, target), "write": write},
        on_failure=lambda error: ended.append(error.stage),
        on_end=lambda: ended.append("all"),
    )
    supervisor.start()
    assert drain(target) == []
    assert supervisor.join(5)
    assert ended == ["step", "all"]
