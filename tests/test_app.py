"""The flow of one source, with sources that misbehave as hardware does."""

import threading
from pathlib import Path

import pytest

import streamer
from streamer.app import Flow, Parts
from streamer.channel import Channel, WhenFull
from streamer.errors import DeviceError
from streamer.inference import Model, load_bundle
from streamer.messages import AudioChunk, VideoFrame, VideoTick
from streamer.publish import Draft
from streamer.segment import open_voice_session
from streamer.settings import Settings, SourceSettings
from streamer.sources import open_source
from streamer.wire import Event, State, Utterance

CLIP = Path(streamer.__file__).parent / "demo" / "clip.mp4"


class Unplugged:
    """A microphone that speaks the beginning of the clip and is then pulled out for good: the edge where hardware cannot exist."""

    live, audio_name, video_name = False, "test microphone", None

    def __init__(self, seconds: float) -> None:
        self._until_s = seconds

    def run(self, audio: Channel[AudioChunk], video: Channel[VideoFrame | VideoTick], stop: threading.Event) -> None:
        clip = open_source(SourceSettings(name="clip", url=str(CLIP), pace="fast"), lambda trouble: None)
        whole = Channel[AudioChunk]("whole", 10_000, WhenFull.WAIT)
        clip.run(whole, Channel("unseen", 1, WhenFull.DROP_OLDEST), stop)
        whole.close()
        while (chunk := whole.get()).time_s < self._until_s:
            audio.put(chunk)
        raise DeviceError("test microphone: it went away")

    def close(self) -> None:
        """Nothing to let go."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


def flow(source: Unplugged, model: Model, events: list[Event]) -> Flow:
    parts = Parts(
        source=source,
        model=model,
        voice_session=open_voice_session(),
        recogniser=None,
        asr_reason="none here",
        watch=None,
        detector=None,
        detector_reason=None,
    )

    def publish(draft: Draft) -> None:
        events.append(draft.event)

    wanted = SourceSettings(name="desk", mic="default")
    return Flow(wanted, Settings(source=(wanted,)), parts, publish)


def test_a_device_that_fails_for_good_ends_its_source_by_name_and_loses_no_utterance(model: Model) -> None:
    events: list[Event] = []
    running = flow(Unplugged(2.0), model, events)
    running.start()
    assert running.join(30)
    assert str(running.error) == "capture: test microphone: it went away"
    assert [e.transcript for e in events if isinstance(e, Utterance)] == [None]
    last = events[-1]
    assert isinstance(last, State)
    assert (last.activity, last.error) == ("failed", "capture: test microphone: it went away")


def test_an_utterance_without_words_or_face_says_why(model: Model) -> None:
    events: list[Event] = []
    running = flow(Unplugged(2.0), model, events)
    running.start()
    assert running.join(30)
    (said,) = [e for e in events if isinstance(e, Utterance)]
    assert {name: field.reason for name, field in said.modalities.items()} == {
        "text": "none here",
        "audio": None,
        "video": "no camera",
    }
