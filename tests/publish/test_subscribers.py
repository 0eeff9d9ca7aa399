"""Late, slow, distant and uninvited readers, on real sockets."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import zmq

from streamer.client import subscribe
from streamer.errors import ConfigError, WireError
from streamer.publish import Draft
from streamer.publish.curve import make_keys
from streamer.publish.zmq_sink import ZmqSink
from streamer.settings import PublishSettings
from streamer.wire import Heartbeat, State, Utterance, decode, topic
from tests import talk
from tests.publish.conftest import OpenPublisher

LISTEN = "import sys; from streamer.cli.listen import listen; listen(sys.argv[2:], sys.argv[1], None, True)"
STALLING = """
import sys
from streamer.client import subscribe
with subscribe(sys.argv[1], ["utterance"], timeout_s=10) as events:
    last = next(events).seq
    print("listening", flush=True)
    sys.stdin.readline()
    while last < int(sys.argv[2]):
        last = next(events).seq
    print(dict(events.lost), flush=True)
"""
"""Reads one event, nothing until it is told to, and then up to the one of that number; what it has lost."""


@contextmanager
def other_process(address: str, *topics: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`streamer listen` elsewhere."""
    command = [sys.executable, "-c", LISTEN, address, *topics]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            child.kill()


def test_a_late_subscriber_in_another_process_gets_the_last_state_of_each_matching_source(
    publisher_of: OpenPublisher,
) -> None:
    publisher = publisher_of()
    for name, stream_s in [("cam", 1.0), ("camera2", 7.0), ("door", 3.0), ("cam", 2.0)]:
        publisher.put(Draft(talk.state(name, stream_s)))
    with other_process(publisher.addresses["zmq"], "state.cam") as child:
        assert child.stdout is not None
        events = [decode(child.stdout.readline()) for _ in range(2)]
    assert {topic(event): event.stream_s for event in events if isinstance(event, State)} == {
        "state.cam": 2.0,
        "state.camera2": 7.0,
    }


def test_a_state_is_repeated_for_each_that_comes_and_shown_once_to_each(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    publisher.put(Draft(talk.state("cam", 1.0)))
    address = publisher.addresses["zmq"]
    with subscribe(address, ["state"]) as first:
        assert first.get(5).seq == 0
        with subscribe(address, ["state"]) as second:
            assert second.get(5).seq == 0
        publisher.put(Draft(talk.state("cam", 2.0)))
        assert first.get(5).seq == 1
        assert first.lost["state.cam"] == 0


def test_a_subscriber_that_does_not_read_delays_nobody_and_costs_nobody_else_an_event(
    publisher_of: OpenPublisher,
) -> None:
    publisher = publisher_of(high_water_mark=50)
    address = publisher.addresses["zmq"]
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck, subscribe(address, ["utterance"]) as reader:
        stuck.linger, stuck.rcvhwm, stuck.rcvbuf = 0, 1, 4096
        stuck.subscribe("utterance")
        stuck.connect(address)
        while not stuck.poll(50):  # until it is known to be connected
            publisher.put(Draft(talk.utterance("cam", 0, 0.0, 1.0)))
        seq, slowest_s = -1, 0.0
        for _ in range(6000):
            begin_s = time.monotonic()
            publisher.put(Draft(talk.utterance("cam", 2, 0.0, 1.0)))
            seq = reader.get(5).seq
            slowest_s = max(slowest_s, time.monotonic() - begin_s)
        assert reader.lost["utterance.cam"] == 0
        assert slowest_s < 2.0
        with subscribe(address, ["heartbeat"]) as beats:
            beat = beats.get(5)
        assert isinstance(beat, Heartbeat)
        assert beat.overflows >= 1
        assert beat.published > seq
        received = 1
        while stuck.poll(100):
            stuck.recv_multipart()
            received += 1
        assert received < seq, "the test sent too little to fill what the sockets hold"


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_reader_that_pauses_behind_a_full_queue_reads_on_without_loss(
    transport: str, publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    """Longer than any heartbeat would wait for it."""
    publisher = publisher_of(
        bind="tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{tmp_path}/s", high_water_mark=10_000
    )
    last = 6000
    command = [sys.executable, "-c", STALLING, publisher.addresses["zmq"], str(last)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert publisher.wait_for_subscriber(10)
        for number in range(last + 1):
            publisher.put(Draft(talk.utterance("cam", number, 0.0, 1.0)))
        assert child.stdout is not None
        assert child.stdout.readline() == "listening\n"
        time.sleep(12)
        assert child.communicate("go on\n", timeout=30)[0] == "{}\n"
    assert child.returncode == 0


def test_each_subscriber_that_is_found_too_slow_is_counted() -> None:
    said = talk.utterance("cam", 0, 0.0, 1.0)
    assert said.transcript is not None
    said.transcript.text = "word " * 20_000  # a few of them fill what the system holds
    sink, found = ZmqSink(PublishSettings(bind="tcp://127.0.0.1:*", high_water_mark=10)), [0]
    with zmq.Context() as context, ExitStack() as connected:
        for _ in range(2):
            stuck = connected.enter_context(context.socket(zmq.SUB))
            stuck.linger, stuck.rcvhwm, stuck.rcvbuf = 0, 1, 4096
            stuck.subscribe("utterance")
            stuck.connect(sink.address)
            while not sink.serve():
                time.sleep(0.001)
            for _ in range(100):
                sink.write(said)
            found.append(sink.overflows)
    sink.close()
    assert found[0] < found[1] < found[2]


def test_a_stuck_subscriber_does_not_keep_the_publisher_from_ending(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of(high_water_mark=50)
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck:
        stuck.linger, stuck.rcvhwm, stuck.rcvbuf = 0, 1, 4096
        stuck.subscribe("")
        stuck.connect(publisher.addresses["zmq"])
        assert publisher.wait_for_subscriber(5)
        for number in range(6000):
            publisher.put(Draft(talk.utterance("cam", number, 0.0, 1.0)))
        begin_s = time.monotonic()
        assert publisher.close()
        assert time.monotonic() - begin_s < 3.0


def test_msgpack_on_the_wire_reads_the_same(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of(encoding="msgpack")
    publisher.put(Draft(talk.state("cam", 1.5)))
    with subscribe(publisher.addresses["zmq"], ["state"]) as events:
        state = events.get(5)
    assert isinstance(state, State)
    assert state.stream_s == 1.5


def test_with_keys_the_stream_is_open_to_the_invited_and_to_nobody_else(
    publisher_of: OpenPublisher, tmp_path: Path
) -> None:
    invited, other = make_keys(tmp_path / "ours", "ann"), make_keys(tmp_path / "theirs", "eve")
    server = tmp_path / "ours" / "server"
    publisher = publisher_of(bind="tcp://0.0.0.0:*", keys=server)
    address = publisher.addresses["zmq"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - bound with keys, on purpose
    for keys in (invited, server):
        with subscribe(address, keys=keys) as events:
            assert isinstance(events.get(5), Heartbeat)
    (other / "server.key").write_bytes((invited / "server.key").read_bytes())
    for stranger in (other, None):
        with (
            subscribe(address, keys=stranger) as events,
            pytest.raises(WireError, match="do not know each other's keys"),
        ):
            events.get(5)


def test_a_reader_is_let_in_and_shut_out_while_the_daemon_runs(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    make_keys(tmp_path, "ann")
    address = publisher_of(keys=tmp_path / "server").addresses["zmq"]
    (tmp_path / "server" / "clients" / "half.key").write_text("curve\n")  # shuts nobody out
    bob = make_keys(tmp_path, "bob")
    with subscribe(address, keys=bob) as events:
        assert isinstance(events.get(5), Heartbeat)
    (tmp_path / "server" / "clients" / "bob.key").unlink()
    with subscribe(address, keys=bob) as events, pytest.raises(WireError, match="do not know each other's keys"):
        events.get(5)


def test_a_reader_with_keys_does_not_believe_a_daemon_without(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    publisher = publisher_of()
    with (
        subscribe(publisher.addresses["zmq"], keys=make_keys(tmp_path, "ann")) as events,
        pytest.raises(WireError, match="keys"),
    ):
        events.get(5)


def test_secret_keys_are_for_their_owner_only_and_a_second_reader_keeps_the_first(tmp_path: Path) -> None:
    make_keys(tmp_path, "ann")
    server_key = (tmp_path / "server" / "server.key_secret").read_bytes()
    make_keys(tmp_path, "bob")
    assert (tmp_path / "server" / "server.key_secret").read_bytes() == server_key
    assert {path.stem for path in (tmp_path / "server" / "clients").iterdir()} == {"server", "ann", "bob"}
    secrets = list(tmp_path.rglob("*.key_secret"))
    assert len(secrets) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for secret in secrets for path in (secret, secret.parent))


@pytest.mark.parametrize("name", ["ann", "server", "../up", ""])
def test_a_reader_needs_a_name_of_its_own(name: str, tmp_path: Path) -> None:
    make_keys(tmp_path, "ann")
    with pytest.raises(ConfigError, match=r"^keys: "):
        make_keys(tmp_path, name)


def test_a_folder_without_keys_is_named(publisher_of: OpenPublisher, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys: no key in .*server\.key_secret; `streamer keys DIR` makes"):
        publisher_of(keys=tmp_path)
    with pytest.raises(ConfigError, match=r"keys: no key in .*client\.key_secret"):
        subscribe("tcp://127.0.0.1:5599", keys=tmp_path)


def test_an_utterance_reaches_a_reader_within_milliseconds(publisher_of: OpenPublisher) -> None:
    publisher = publisher_of()
    with subscribe(publisher.addresses["zmq"], ["utterance"]) as events:
        assert publisher.wait_for_subscriber(5)
        took_s = []
        for number in range(50):
            begin_s = time.monotonic()
            publisher.put(Draft(talk.utterance("cam", number, 0.0, 1.0)))
            assert isinstance(events.get(5), Utterance)
            took_s.append(time.monotonic() - begin_s)
    assert sorted(took_s)[25] < 0.02
