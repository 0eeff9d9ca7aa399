import itertools
import logging
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from streamer.channel import Closed
from streamer.client import subscribe
from streamer.errors import ConfigError, PublishError
from streamer.publish import Draft, Publisher
from streamer.publish import publisher as publisher_module
from streamer.publish.following import MOST_UTTERANCES, Following
from streamer.publish.sinks import SINKS
from streamer.publish.stamp import Stamper, percentiles
from streamer.publish.zmq_sink import ZmqSink
from streamer.settings import PublishSettings
from streamer.wire import Event, Heartbeat, State, Utterance, encode, topic
from tests import talk
from tests.publish.conftest import OpenPublisher


def followed(publisher: Publisher, drafts: list[Draft]) -> list[Event]:
    """What a reader gets of drafts, heartbeats left out."""
    events = publisher.follow()
    for draft in drafts:
        publisher.put(draft)
    publisher.close()
    got: list[Event] = []
    while True:
        try:
            got.append(events.get(0))
        except Closed:
            return [event for event in got if not isinstance(event, Heartbeat)]


def test_each_topic_is_counted_from_zero_and_stamped(publisher_of: OpenPublisher) -> None:
    drafts: list[Event] = [
        talk.state("cam", 0.1),
        talk.state("door", 0.1),
        talk.state("cam", 0.2),
        talk.utterance("cam", 0, 0.1, 1.0),
    ]
    events = followed(publisher_of(session="abc"), [Draft(draft) for draft in drafts])
    assert [(topic(event), event.seq) for event in events] == [
        ("state.cam", 0),
        ("state.door", 0),
        ("state.cam", 1),
        ("utterance.cam", 0),
    ]
    assert {event.session for event in events} == {"abc"}
    assert all(event.time.endswith("Z") and len(event.time) == len("2026-11-21T10:00:00.000Z") for event in events)


def test_total_latency_counts_from_the_end_of_the_voice(publisher_of: OpenPublisher) -> None:
    draft = Draft(talk.utterance("cam", 0, 0.0, 1.0), since_s=time.monotonic() - 0.4)
    (said,) = followed(publisher_of(), [draft])
    assert isinstance(said, Utterance)
    assert list(said.latency_ms)[-1] == "total"
    assert 400 <= said.latency_ms["total"] < 1400


def test_a_state_carries_the_percentiles_of_its_own_source() -> None:
    stamper = Stamper("s")
    for asr_ms in range(1, 151):
        said = msgspec.structs.replace(talk.utterance("cam", 0, 0.0, 1.0), latency_ms={"asr": float(asr_ms)})
        stamper.stamp(Draft(said))
    state, other = (stamper.stamp(Draft(talk.state(name, 1.0))) for name in ("cam", "door"))
    assert isinstance(state, State)
    assert isinstance(other, State)
    assert (state.latency_ms["asr"].p50, state.latency_ms["asr"].p95) == (
        100.0,
        145.0,
    )  # of the last hundred, 51 to 150
    assert other.latency_ms == {}


def test_percentiles_of_one_value_are_that_value() -> None:
    only = percentiles(deque([7.0]))
    assert (only.p50, only.p95) == (7.0, 7.0)


def test_percentiles_are_values_that_so_large_a_share_does_not_exceed() -> None:
    few = percentiles(deque([3.0, 1.0, 2.0]))
    assert (few.p50, few.p95) == (2.0, 3.0)


def test_who_follows_a_publisher_that_has_ended_is_told_so_and_waits_for_nothing(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    publisher.close()
    with pytest.raises(Closed):
        publisher.follow().get(1)


def test_what_was_accepted_reaches_a_subscriber_though_the_publisher_ends_at_once(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    with subscribe(publisher.addresses["zmq"], ["utterance"]) as events:
        assert publisher.wait_for_subscriber(5)
        said = talk.utterance("cam", 0, 0.0, 1.0)
        assert said.transcript is not None
        said.transcript.text = "word " * 10_000  # more than the sockets hold, so that some waits when the end comes
        for _ in range(300):
            publisher.put(Draft(said))
        assert publisher.close()
        assert [events.get(5).seq for _ in range(300)] == list(range(300))


def test_threads_that_put_at_once_lose_nothing_and_keep_their_order(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    events = publisher.follow(capacity=5000)

    def speak(name: str) -> None:
        for number in range(500):
            publisher.put(Draft(talk.utterance(name, 0, number, number + 1.0)))

    threads = [threading.Thread(target=speak, args=(f"source{place}",)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publisher.close()
    got: dict[str, list[tuple[int, float]]] = {}
    while len(events):
        event = events.get(0)
        if isinstance(event, Utterance):
            got.setdefault(topic(event), []).append((event.seq, event.start_s))
    assert len(got) == 4
    assert all(pairs == [(number, float(number)) for number in range(500)] for pairs in got.values())


def test_who_reads_slowly_loses_no_utterance_and_holds_nobody_up(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    events = publisher.follow(capacity=10)
    for number in range(200):
        publisher.put(Draft(talk.utterance("cam", number, number, number + 1.0)))
        for tenth in range(5):
            publisher.put(Draft(talk.state("cam", number + tenth / 10)))
    assert publisher.close()
    assert events.dropped >= 200 * 5 - 10
    seen = [events.get(0) for _ in range(len(events))]
    assert [event.start_s for event in seen if isinstance(event, Utterance)] == list(range(200))
    states = [event.stream_s for event in seen if isinstance(event, State)]
    assert states == sorted(states)
    assert states[-1] == 199.4
    assert isinstance(seen[-1], State)  # in the order in which they were published


def test_a_view_that_nobody_reads_for_months_does_not_fill_the_memory() -> None:
    events = Following(capacity=1)
    said = talk.utterance("cam", 0, 0.0, 1.0)
    for _ in range(MOST_UTTERANCES + 5):
        events.put(said)
    assert (len(events), events.lost) == (MOST_UTTERANCES, 5)


def test_after_the_end_nothing_more_is_taken(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    publisher.close()
    with pytest.raises(PublishError, match="closed, nothing more is published"):
        publisher.put(Draft(talk.state("cam", 1.0)))


def test_a_reader_that_has_gone_does_not_stop_the_others(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    publisher.follow().abandon()
    assert len(followed(publisher, [Draft(talk.state("cam", 1.0))])) == 1


def test_heartbeats_tell_who_is_there_and_how_much_was_published(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    publisher.put(Draft(talk.state("cam", 1.0)))
    with subscribe(publisher.addresses["zmq"], ["heartbeat"]) as events:
        first, second = events.get(5), events.get(5)
    assert isinstance(first, Heartbeat)
    assert isinstance(second, Heartbeat)
    assert (second.sources, second.published, second.error) == (["cam"], 1, None)
    assert 0.8 < second.uptime_s - first.uptime_s < 1.5


def test_heartbeats_that_a_stall_held_up_do_not_come_in_a_burst(
    publisher_of: OpenPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "HEARTBEAT_EVERY_S", 0.1)
    publisher = publisher_of()
    events = publisher.follow()
    written = events.put

    def stalled(event: Event) -> None:
        if isinstance(event, State):
            time.sleep(0.8)
        written(event)

    monkeypatch.setattr(events, "put", stalled)
    publisher.put(Draft(talk.state("cam", 1.0)))
    while not isinstance(events.get(5), State):
        pass
    time.sleep(0.4)
    publisher.close()
    arrived: list[Event] = []
    with suppress(Closed):
        while True:
            arrived.append(events.get(0))
    assert 1 <= len(arrived) <= 6  # eight were missed


def test_the_recording_holds_the_payloads_but_for_heartbeats_whatever_the_encoding(
    publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    publisher = publisher_of(record=path, encoding="msgpack")
    assert publisher.addresses["jsonl"] == str(path)
    events = followed(publisher, [Draft(draft) for draft in itertools.islice(talk.talk(), 1, 30)])
    assert path.read_bytes() == b"".join(encode(event) + b"\n" for event in events)


@pytest.mark.parametrize("cut_off", [0, 1, 20])
def test_an_earlier_recording_is_kept_and_a_line_of_it_that_has_no_end_spoils_no_other(
    cut_off: int, publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    followed(publisher_of(session="first", record=path), [Draft(talk.state("cam", 1.0)), Draft(talk.state("cam", 2.0))])
    before = path.read_bytes()[: path.stat().st_size - cut_off]
    path.write_bytes(before)
    (event,) = followed(publisher_of(session="second", record=path), [Draft(talk.state("cam", 1.0))])
    assert path.read_bytes() == before + b"\n" * (cut_off > 0) + encode(event) + b"\n"
    assert (path.read_bytes().count(b'"first"'), event.session) == (2, "second")


def test_each_line_of_the_recording_is_there_at_once(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    publisher = publisher_of(record=tmp_path / "out.jsonl")
    events = publisher.follow()
    publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
    while not isinstance(events.get(5), Utterance):
        pass
    assert (tmp_path / "out.jsonl").read_bytes().count(b"\n") == 1


def test_a_recording_that_cannot_be_written_is_refused_and_the_address_is_free_again(
    publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    address = publisher_of().addresses["zmq"]
    with pytest.raises(
        PublishError, match=r"no/out.jsonl: cannot record there \(No such file or directory\); give --record a file"
    ):
        publisher_of(bind=f"ipc://{tmp_path}/s", record=tmp_path / "no" / "out.jsonl")
    assert publisher_of(bind=f"ipc://{tmp_path}/s").addresses["zmq"] != address


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
def test_a_full_disk_ends_the_recording_and_is_told_while_the_stream_goes_on(
    publisher_of: OpenPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        publisher = publisher_of(record=Path("/dev/full"))
        with subscribe(publisher.addresses["zmq"]) as events:
            assert publisher.wait_for_subscriber(5)
            publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
            publisher.put(Draft(talk.utterance("cam", 1, 1.0, 2.0)))
            seen = [events.get(5) for _ in range(4)]
            while not (isinstance(seen[-1], Heartbeat) and seen[-1].error):
                seen.append(events.get(5))
    assert sum(isinstance(event, Utterance) for event in seen) == 2
    told = "/dev/full: the recording ends here (No space left on device); publishing goes on"
    assert isinstance(seen[-1], Heartbeat)
    assert seen[-1].error == told
    assert [record.message for record in caplog.records] == [told]


def test_what_was_not_written_when_time_was_up_is_a_failure_that_names_where_it_hangs(
    publisher_of: OpenPublisher, hung_disk: Path
) -> None:
    publisher = publisher_of(record=hung_disk)
    for number in range(20):
        publisher.put(Draft(talk.utterance("cam", number, number, number + 1.0)))
    assert not publisher.close(timeout_s=0.2)
    assert str(publisher.failure) == f"{hung_disk}: hangs, not all was written"
    began_s = time.monotonic()
    assert not publisher.close()  # nobody waits twice
    assert time.monotonic() - began_s < 1.0


def test_what_zeromq_refuses_ends_its_sink_and_not_the_others(
    publisher_of: OpenPublisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = ZmqSink(PublishSettings(bind="tcp://127.0.0.1:*"))
    monkeypatch.setitem(SINKS, "zmq", lambda _: sink)
    sink._socket.close()
    publisher = publisher_of(record=tmp_path / "out.jsonl")
    publisher.follow().get(5)  # its readers have been served once
    assert len(followed(publisher, [Draft(talk.state("cam", 1.0)), Draft(talk.state("cam", 2.0))])) == 2
    assert publisher.failure is None
    assert publisher.sink_failure == f"{sink.address}: publishing has failed (Operation not supported)"
    assert (tmp_path / "out.jsonl").read_bytes().count(b"\n") == 2


def test_every_sink_is_listed() -> None:
    folder = Path(__file__).parents[2] / "streamer" / "publish"
    assert {path.stem.removesuffix("_sink") for path in folder.glob("*_sink.py")} == set(SINKS)


def test_a_taken_address_is_refused_in_one_line_that_names_it(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    for address in (publisher_of().addresses["zmq"], publisher_of(bind=f"ipc://{tmp_path}/socket").addresses["zmq"]):
        with pytest.raises(PublishError) as told:
            publisher_of(bind=address)
        assert str(told.value) == (
            f"{address}: cannot publish there (address already in use); is another streamer running? "
            f"`streamer watch {address}` shows it; --bind takes another address"
        )


def test_a_file_or_folder_where_a_socket_should_be_is_left_alone_and_named(
    publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    for path, what in ((notes, "file"), (tmp_path, "folder")):
        with pytest.raises(PublishError) as told:
            publisher_of(bind=f"ipc://{path}")
        assert str(told.value) == (
            f"ipc://{path}: cannot publish there (a {what} lies there, no socket); move it away, or give --bind another address"
        )
    assert notes.read_text() == "mine"


def test_a_socket_that_nobody_listens_at_any_more_is_taken_over(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    path = tmp_path / "left-behind"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert publisher_of(bind=f"ipc://{path}").addresses["zmq"] == f"ipc://{path}"


@pytest.mark.parametrize(
    "address", ["tcp://0.0.0.0:*", "tcp://*:5599", "tcp://eth0:5599", "tcp://[::]:5599", "tcp://192.168.1.7:5599"]
)
def test_an_address_of_the_network_is_refused_without_keys(address: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^publish\.bind: tcp://.* would let the whole network read .*`streamer keys DIR`"
    ):
        Publisher(PublishSettings(bind=address), [], session="s")


@pytest.mark.parametrize(
    "address",
    [
        "5599",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:80x",
        "tcp://256.0.0.1:33",
        "tcp://[1:2]:33",
        "udp://127.0.0.1:1",
        "ipc://",
        "ipc:///tmp/\udcff",
        "ipc:///tmp/a\0b",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^publish\.bind: '.*' is no address; write tcp://127\.0\.0\.1:5599 or ipc://"
    ):
        Publisher(PublishSettings(bind=address), [], session="s")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:*", "tcp://localhost:*", "tcp://LOCALHOST:*", "tcp://[::1]:*"])
def test_loopback_needs_no_keys(address: str, publisher_of: OpenPublisher) -> None:
    with subscribe(publisher_of(bind=address).addresses["zmq"]) as events:
        assert isinstance(events.get(5), Heartbeat)
