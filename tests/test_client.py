"""The reader against sockets that say what a daemon would, and what it would not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec
import pytest
import zmq

from streamer.client import Subscription, subscribe
from streamer.errors import WireError
from streamer.wire import Event, State, encode, topic
from tests import talk


@dataclass
class Speaker:
    """A socket that says what it is told to."""

    context: "zmq.Context[zmq.Socket[bytes]]" = field(default_factory=zmq.Context)

    def __post_init__(self) -> None:
        self.socket = self._socket("tcp://127.0.0.1:*")
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _socket(self, address: str) -> "zmq.Socket[bytes]":
        socket = self.context.socket(zmq.XPUB)
        socket.bind(address)
        return socket

    def restart(self) -> None:
        """End, and begin anew at the same address."""
        self.context.destroy()
        self.context = zmq.Context()
        self.socket = self._socket(self.address)

    def reader(self, *topics: str) -> Subscription:
        """One whose subscription has arrived."""
        events = subscribe(self.address, topics or ("",), timeout_s=5)
        for _ in topics or ("",):
            assert self.socket.poll(5000)
            self.socket.recv()
        return events

    def say(self, event: Event, seq: int, session: str = "first") -> None:
        """Stamped as the daemon would."""
        stamped = msgspec.structs.replace(event, seq=seq, session=session)
        self.socket.send_multipart([topic(event).encode(), encode(stamped)])


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    made = Speaker()
    yield made
    made.context.destroy(linger=0)


def test_losses_are_counted_by_topic(speaker: Speaker) -> None:
    with speaker.reader() as events:
        for seq in (4, 5, 9):
            speaker.say(talk.state("cam", seq), seq)
        speaker.say(talk.state("door", 1.0), 0)
        assert [event.seq for event in islice(events, 4)] == [4, 5, 9, 0]
        assert dict(events.lost) == {"state.cam": 3}


def test_a_state_that_is_repeated_is_skipped(speaker: Speaker) -> None:
    with speaker.reader() as events:
        for seq in (0, 1, 1, 0, 2):
            speaker.say(talk.state("cam", seq), seq)
        assert [event.seq for event in islice(events, 3)] == [0, 1, 2]


def test_a_restarted_daemon_is_read_on_without_loss(speaker: Speaker) -> None:
    with speaker.reader() as events:
        speaker.say(talk.state("cam", 7.0), 7)
        assert next(events).session == "first"
        speaker.restart()
        while not speaker.socket.poll(0):
            with pytest.raises(TimeoutError):
                events.get(0.05)  # ZeroMQ subscribes again when the reader reads on
        speaker.say(talk.state("cam", 0.0), 0, session="second")
        again = next(events)
        assert (again.session, again.seq) == ("second", 0)
        assert sum(events.lost.values()) == 0


def test_a_bad_payload_is_told_by_field_and_the_next_one_is_read(speaker: Speaker) -> None:
    with speaker.reader() as events:
        payload = encode(talk.state("cam", 1.0)).replace(b'"stream_s":1.0', b'"stream_s":"one"')
        speaker.socket.send_multipart([b"state.cam", payload])
        speaker.say(talk.state("cam", 2.0), 0)
        with pytest.raises(WireError, match=r"^tcp://.*, state\.cam: Expected `float`, got `str` - at `\$\.stream_s`"):
            next(events)
        state = next(events)
        assert isinstance(state, State)
        assert state.stream_s == 2.0


@pytest.mark.parametrize("frames", [[b"hello"], [b"state.cam", b"{}", b"more"]])
def test_what_another_program_publishes_is_told_and_the_next_event_is_read(
    speaker: Speaker, frames: list[bytes]
) -> None:
    with speaker.reader() as events:
        speaker.socket.send_multipart(frames)
        speaker.say(talk.state("cam", 2.0), 0)
        with pytest.raises(WireError, match=r"^tcp://.*: what came is no event of a streamer .*does another program"):
            next(events)
        assert next(events).seq == 0


def test_kinds_of_a_later_version_are_passed_over(speaker: Speaker) -> None:
    with speaker.reader() as events:
        speaker.socket.send_multipart([b"gaze.cam", b'{"type":"gaze"}'])
        speaker.say(talk.heartbeat("cam"), 3)
        assert next(events).seq == 3


def test_only_what_was_asked_for_comes(speaker: Speaker) -> None:
    with speaker.reader("utterance.cam", "heartbeat") as events:
        speaker.say(talk.state("cam", 1.0), 0)
        speaker.say(talk.utterance("door", 0, 0.0, 1.0), 0)
        speaker.say(talk.utterance("cam", 0, 0.0, 1.0), 0)
        speaker.say(talk.heartbeat("cam"), 0)
        assert [topic(event) for event in islice(events, 2)] == ["utterance.cam", "heartbeat"]


def test_a_single_topic_need_not_stand_in_a_list(speaker: Speaker) -> None:
    with subscribe(speaker.address, "state.cam", timeout_s=5) as events:
        assert speaker.socket.poll(5000)
        assert speaker.socket.recv() == b"\x01state.cam"
        speaker.say(talk.utterance("cam", 0, 0.0, 1.0), 0)
        speaker.say(talk.state("cam", 1.0), 0)
        assert isinstance(next(events), State)


def test_silence_is_told_after_the_time_that_was_given() -> None:
    with subscribe("ipc:///tmp/nobody-publishes-here", timeout_s=0.05) as events:
        with pytest.raises(
            TimeoutError, match="ipc:///tmp/nobody-publishes-here: nothing came; is a streamer running there"
        ):
            next(events)
        with pytest.raises(TimeoutError):
            events.get(0)


def test_whether_anything_answers_at_an_address_can_be_told_from_silence(speaker: Speaker) -> None:
    with speaker.reader("utterance") as events:
        with pytest.raises(TimeoutError):
            events.get(0.2)
        assert events.answered
    with subscribe("ipc:///tmp/nobody-publishes-here") as events:
        with pytest.raises(TimeoutError):
            events.get(0.2)
        assert not events.answered


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "foo://x",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:1x",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:*",
        "ipc://",
        "ipc:///tmp/\udcff",
        "ipc:///tmp/a\0b",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(WireError, match=re.escape(f"{address!r} is no address of a publisher")):
        subscribe(address)
