"""The flow of one source, with sources that misbehave as hardware does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import pytest

import streamer
from streamer.app import AUDIO_CHUNKS, SPEECH_EVENTS, Flow, Parts
from streamer.asr import Recogniser
from streamer.asr.subtitles import Subtitles
from streamer.channel import Channel, WhenFull
from streamer.errors import DeviceError
from streamer.faces import LEAD_IN_S, FaceWatch, open_detector
from streamer.features import FaceCropSpec
from streamer.inference import Model, load_bundle
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.publish import Draft, Publisher
from streamer.segment import open_voice_session
from streamer.settings import AHEAD_S, PublishSettings, Settings, SourceSettings
from streamer.sources import Source, open_source
from streamer.wire import Event, Partial, State, Utterance

CLIP = Path(streamer.__file__).parent / "demo" / "clip.mp4"


def clip() -> tuple[list[AudioChunk], list[VideoFrame]]:
    """All of its sound and its pictures."""
    source = open_source(SourceSettings(name="clip", url=str(CLIP), pace="fast"), lambda trouble: None)
    audio = Channel[AudioChunk | AudioTick]("audio", 10_000, WhenFull.WAIT)
    video = Channel[VideoFrame | VideoTick]("video", 10_000, WhenFull.WAIT)
    source.run(audio, video, threading.Event())
    source.close()
    seen = [video.get() for _ in range(len(video))]
    heard = [audio.get() for _ in range(len(audio))]
    return [item for item in heard if isinstance(item, AudioChunk)], [
        item for item in seen if isinstance(item, VideoFrame)
    ]


class Unplugged:
    """A microphone that speaks the beginning of the clip and is then pulled out for good: the edge where hardware cannot exist."""

    live, audio_name, video_name = False, "test microphone", None

    def __init__(self, seconds: float, *, broken: bool = True) -> None:
        self._until_s = seconds
        self._broken = broken
        self.dropped = dict[str, int]()

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        for chunk in clip()[0]:
            if chunk.time_s < self._until_s:
                audio.put(chunk)
        if self._broken:
            raise DeviceError("test microphone: it went away")

    def close(self) -> None:
        """Nothing to let go."""


class Quiet:
    """A live microphone that speaks the beginning of the clip, and gives nothing more, or the same again when it is plugged in."""

    live, audio_name, video_name = True, "test microphone", None

    def __init__(self, seconds: float) -> None:
        self._until_s = seconds
        self.dropped = {"microphone": 3}
        self.plugged_in = threading.Event()

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        chunks = [chunk for chunk in clip()[0] if chunk.time_s < self._until_s]
        for chunk in chunks:
            audio.put(chunk)
        while not self.plugged_in.wait(0.01):
            if stop.is_set():
                return
        for chunk in chunks:
            audio.put(AudioChunk(chunk.time_s + 600.0, chunk.waveform, chunk.captured_s))
        stop.wait()

    def close(self) -> None:
        """Nothing to let go."""


class Mute:
    """A camera as many hang on walls: it announces sound, and sends pictures alone."""

    live, audio_name, video_name = True, "test sound", "test pictures"

    def __init__(self) -> None:
        self.dropped = dict[str, int]()

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        for frame in clip()[1]:
            if stop.wait(0.04):
                return
            video.put(frame)

    def close(self) -> None:
        """Nothing to let go."""


class Filmed:
    """A file without sound, of which every picture was captured a while before it is handed on."""

    live, audio_name, video_name = False, None, "test pictures"

    def __init__(self, seconds_ago: float) -> None:
        self._seconds_ago = seconds_ago
        self.dropped = dict[str, int]()

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        for frame in clip()[1]:
            video.put(replace(frame, captured_s=time.monotonic() - self._seconds_ago))

    def close(self) -> None:
        """Nothing to let go."""


class Seldom:
    """A file without sound that takes two pictures a second, for 45 seconds."""

    live, audio_name, video_name = False, None, "test pictures"

    def __init__(self) -> None:
        self.dropped = dict[str, int]()

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        for number, frame in enumerate(islice(cycle(clip()[1]), 90)):
            video.put(replace(frame, time_s=number / 2))

    def close(self) -> None:
        """Nothing to let go."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


@pytest.fixture
def watch(model: Model) -> FaceWatch:
    detector, _ = open_detector(Settings().faces)
    assert detector is not None
    spec = model.manifest.video.spec if model.manifest.video else FaceCropSpec()
    return FaceWatch(detector, spec, Settings().faces, keep_s=Settings().segment.kept_s)


@pytest.fixture
def soon_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second without anything is a loss, not two."""
    monkeypatch.setattr("streamer.app.SILENT_DEVICE_S", 0.5)


def flow(
    source: Source,
    model: Model,
    publish: Callable[[Event], None],
    watch: FaceWatch | None = None,
    recogniser: Recogniser | None = None,
) -> Flow:
    return drafting(source, model, lambda draft: publish(draft.event), watch, recogniser)


def drafting(
    source: Source,
    model: Model,
    publish: Callable[[Draft], None],
    watch: FaceWatch | None = None,
    recogniser: Recogniser | None = None,
) -> Flow:
    parts = Parts(
        source=source,
        model=model,
        voice_session=open_voice_session(),
        recogniser=recogniser,
        asr_reason="none here",
        watch=watch,
        detector=None,
        detector_reason=None,
    )
    wanted = SourceSettings(name="desk", mic="default")
    return Flow(wanted, Settings(source=(wanted,)), parts, publish)


@pytest.mark.parametrize(("liked_s", "asked"), [(0.064, 9), (0.16, 7)])
def test_a_recogniser_is_asked_after_the_pause_that_it_likes(model: Model, liked_s: float, asked: int) -> None:
    recogniser = Subtitles((), "subtitles/none.srt")
    recogniser.pause_s = liked_s
    events: list[Event] = []
    running = flow(Unplugged(30.0, broken=False), model, events.append, recogniser=recogniser)
    running.start()
    assert running.join(30)
    assert sum(event.provisional for event in events if isinstance(event, Partial)) == asked


@contextmanager
def live(source: Source, model: Model, watch: FaceWatch | None = None) -> Iterator[tuple[Flow, Channel[Event]]]:
    """A flow that runs, and what it publishes."""
    events = Channel[Event]("events", 10_000, WhenFull.WAIT)
    running = flow(source, model, events.put, watch)
    running.start()
    try:
        yield running, events
    finally:
        running.stop()
        assert running.join(30)


def state(events: Channel[Event], found: Callable[[State], bool]) -> State:
    """The next one that is as wanted."""
    while not (isinstance(event := events.get(20), State) and found(event)):
        pass
    return event


def test_a_device_that_fails_for_good_ends_its_source_by_name_and_loses_no_utterance(model: Model) -> None:
    events: list[Event] = []
    running = flow(Unplugged(2.0), model, events.append)
    running.start()
    assert running.join(30)
    assert str(running.error) == "capture: test microphone: it went away"
    assert [e.transcript for e in events if isinstance(e, Utterance)] == [None]
    last = events[-1]
    assert isinstance(last, State)
    assert (last.activity, last.error) == ("failed", "capture: test microphone: it went away")


def test_what_hampers_a_file_stands_in_its_last_state_however_far_its_capture_is_ahead(model: Model) -> None:
    events: list[Event] = []
    running = flow(Unplugged(2.0, broken=False), model, events.append)
    running.tell("clip: 3 damaged pieces of its sound left out")
    running.start()
    assert running.join(30)
    errors = [event.error for event in events if isinstance(event, State)]
    assert len(errors) > 5
    assert errors == [None] * (len(errors) - 1) + ["clip: 3 damaged pieces of its sound left out"]


def test_what_hampers_a_live_source_stands_in_its_states_at_once(model: Model) -> None:
    with live(Quiet(0.5), model) as (running, events):
        running.tell("test microphone: 2 blocks of sound lost")
        assert state(events, lambda state: state.error is not None).error == "test microphone: 2 blocks of sound lost"
        running.tell(None)
        state(events, lambda state: state.error is None)


def test_when_nothing_can_be_published_any_more_that_is_the_error_of_the_source_and_its_end_is_quiet(
    model: Model, tmp_path: Path
) -> None:
    publisher = Publisher(PublishSettings(bind=f"ipc://{tmp_path}/events"), ["desk"], session="s")
    publisher.close()  # as if it had failed after it took the last event of a stage
    running = flow(Unplugged(0.0, broken=False), model, lambda event: publisher.put(Draft(event)))
    running.start()
    assert running.join(30)
    assert str(running.error) == "analyze: publish: closed, nothing more is published"


def test_an_utterance_without_words_or_face_says_why(model: Model) -> None:
    events: list[Event] = []
    running = flow(Unplugged(2.0), model, events.append)
    running.start()
    assert running.join(30)
    (said,) = [e for e in events if isinstance(e, Utterance)]
    assert {name: field.reason for name, field in said.modalities.items()} == {
        "text": "none here",
        "audio": None,
        "video": "no camera",
    }


def test_without_a_microphone_latency_counts_from_the_capture_of_the_picture(model: Model, watch: FaceWatch) -> None:
    taken_s: list[float] = []

    def publish(draft: Draft) -> None:
        if draft.since_s is not None:
            taken_s.append(time.monotonic() - draft.since_s)

    running = drafting(Filmed(100.0), model, publish, watch)
    running.start()
    assert running.join(30)
    assert len(taken_s) >= 2
    assert all(100.0 < taken < 130.0 for taken in taken_s)


def test_without_a_microphone_windows_are_judged_by_their_faces_however_long_the_analysis_takes(
    model: Model, watch: FaceWatch
) -> None:
    events: list[Event] = []

    def publish(event: Event) -> None:
        if not events:  # the faces stage goes on as far as it may
            watch.ring.wait_until(Settings().segment.kept_s + 10.0, timeout_s=2.0)
        events.append(event)

    running = flow(Seldom(), model, publish, watch)
    running.start()
    assert running.join(60)
    assert running.error is None
    reasons = [said.modalities["video"].reason for said in events if isinstance(said, Utterance)]
    assert reasons == [None] * 15


def test_what_waits_for_the_analysis_is_less_than_what_is_kept_for_it() -> None:
    chunks = AUDIO_CHUNKS + SPEECH_EVENTS + 4  # one in the hand of each stage
    assert LEAD_IN_S + chunks * CHUNK_SAMPLES / SAMPLE_RATE_HZ <= AHEAD_S


@pytest.mark.usefixtures("soon_lost")
def test_while_a_microphone_gives_nothing_it_is_said_why_again_and_again_and_its_time_stands_still(
    model: Model,
) -> None:
    source = Quiet(2.0)
    with live(source, model) as (running, events):
        # On a busy machine half a second may pass before the first sound is heard: that is not the loss that is meant.
        first = state(events, lambda state: state.error is not None and state.stream_s > 1.9)
        running.status.trouble = "test microphone: is it unplugged?"
        told = [state(events, lambda state: state.error == running.status.trouble) for _ in range(3)]
        running.status.trouble = None
        source.plugged_in.set()
        back = state(events, lambda state: state.stream_s > 600.0)
    assert first.error == "test microphone: gives no sound"
    assert {(s.activity, s.speech_prob, s.level_dbfs) for s in [first, *told]} == {("idle", None, None)}
    assert [s.stream_s for s in told] == [first.stream_s] * 3 == pytest.approx([2.0] * 3, abs=0.04)
    assert {s.utterances for s in told} == {1}  # what was open has been ended
    assert back.error is None
    assert back.speech_prob is not None


@pytest.mark.usefixtures("soon_lost")
def test_a_source_that_announces_sound_and_sends_none_says_so_and_whom_it_sees(model: Model, watch: FaceWatch) -> None:
    with live(Mute(), model, watch) as (_, events):
        first = events.get(20)
        seen = state(events, lambda state: bool(state.faces))
        later = state(events, lambda state: state.stream_s > seen.stream_s)
    assert isinstance(first, State)
    assert (seen.error, later.error) == ("test sound: gives no sound", "test sound: gives no sound")
    assert seen.stream_s > 0.0


def test_what_a_source_itself_loses_is_published_beside_what_its_channels_lose(model: Model) -> None:
    with live(Quiet(0.5), model) as (_, events):
        assert state(events, lambda state: True).dropped == {"audio": 0, "video": 0, "microphone": 3}
