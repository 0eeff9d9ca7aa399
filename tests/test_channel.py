import threading
import time

import pytest

from streamer.channel import Channel, Closed, WhenFull


def test_a_live_channel_drops_the_oldest_and_counts_it() -> None:
    channel = Channel[int]("video", 2, WhenFull.DROP_OLDEST)
    for item in range(5):
        channel.put(item)
    assert (channel.get(), channel.get(), channel.dropped) == (3, 4, 3)


def test_a_file_waits_for_its_reader_and_loses_nothing() -> None:
    channel = Channel[int]("audio", 2, WhenFull.WAIT)

    def write() -> None:
        for item in range(50):
            channel.put(item)

    writer = threading.Thread(target=write)
    writer.start()
    assert [channel.get(timeout_s=5) for _ in range(50)] == list(range(50))
    writer.join(5)
    assert channel.dropped == 0


@pytest.mark.parametrize("reader_reads", [True, False])
def test_a_writer_waits_while_the_oldest_item_is_too_old_and_no_longer_when_its_reader_has_gone(
    reader_reads: bool,
) -> None:
    channel = Channel[int]("speech", 9, WhenFull.WAIT)
    channel.put_all((1, 2))
    channel.wait_while(lambda item: item < 1)  # at once
    writer = threading.Thread(target=channel.wait_while, args=(lambda item: item < 2,), daemon=True)
    writer.start()
    writer.join(0.05)
    assert writer.is_alive()
    if reader_reads:
        channel.get()
    else:
        channel.abandon()
    writer.join(5)
    assert not writer.is_alive()


def test_more_items_at_once_than_there_is_room_for_all_reach_a_reader_that_sleeps() -> None:
    channel = Channel[int]("speech", 2, WhenFull.WAIT)
    taken: list[int] = []
    reader = threading.Thread(target=lambda: taken.extend(channel.get() for _ in range(7)), daemon=True)
    writer = threading.Thread(target=lambda: channel.put_all(range(7)), daemon=True)
    reader.start()
    time.sleep(0.05)  # it sleeps by now
    writer.start()
    reader.join(5)
    assert taken == list(range(7))


def test_what_is_queued_is_still_read_after_the_writer_closed() -> None:
    channel = Channel[int]("audio", 2, WhenFull.WAIT)
    channel.put(1)
    channel.close()
    assert channel.get() == 1
    with pytest.raises(Closed):
        channel.get()


def test_a_writer_that_waits_is_let_go_when_the_reader_leaves() -> None:
    channel = Channel[int]("audio", 1, WhenFull.WAIT)
    channel.put(1)
    ended = threading.Event()

    def write() -> None:
        with pytest.raises(Closed):
            channel.put(2)
        ended.set()

    threading.Thread(target=write, daemon=True).start()
    channel.abandon()
    assert ended.wait(5)


def test_a_reader_may_wait_for_a_while_only() -> None:
    with pytest.raises(TimeoutError, match=r"audio: nothing within 0.01 s"):
        Channel[int]("audio", 1, WhenFull.WAIT).get(timeout_s=0.01)
