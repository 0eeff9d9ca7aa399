"""A whole run with a camera that hardware would be: everything is real but its driver."""

import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest

import streamer
from streamer.daemon import Daemon
from streamer.features.arrays import UInt8
from streamer.publish.following import Following
from streamer.publish.sinks import SINKS
from streamer.settings import AsrSettings, PublishSettings, Settings, SourceSettings
from streamer.wire import Event, State, Utterance

CLIP = Path(streamer.__file__).parent / "demo" / "clip.mp4"


class Driver:
    """What OpenCV shows of a camera that sees the clip, and is pulled out after so many pictures."""

    def __init__(self, pictures: int) -> None:
        self._images = iter(_beginning(pictures))
        self._pause = threading.Event()

    def __call__(self, *_device: Any) -> "Driver":
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, *_wished: Any) -> bool:
        return True

    def read(self) -> tuple[bool, UInt8 | None]:
        self._pause.wait(0.04)  # a driver waits for the next picture
        image = next(self._images, None)
        return image is not None, image

    def get(self, _property: int) -> float:
        return time.monotonic() * 1000.0

    def release(self) -> None:
        """Nothing to let go."""


def _beginning(pictures: int) -> Iterator[UInt8]:
    with av.open(str(CLIP)) as container:
        for _, frame in zip(range(pictures), container.decode(video=0), strict=False):
            yield frame.to_ndarray(format="bgr24").astype("uint8", copy=False)


@contextmanager
def running(folder: Path, **source: Any) -> Iterator[Following]:
    """What a run of one source publishes, until the test has seen enough."""
    settings = Settings(
        source=(SourceSettings(name="desk", **source),),
        asr=AsrSettings(engine="none"),
        publish=PublishSettings(bind=f"ipc://{folder}/events"),
    )
    stop = threading.Event()
    with Daemon(settings) as daemon:
        events = daemon.publisher.follow(10_000)
        thread = threading.Thread(target=daemon.run, args=(stop,))
        thread.start()
        try:
            yield events
        finally:
            stop.set()
            thread.join(30)


def until(events: Following, found: Callable[[Event], bool]) -> Event:
    """The next one that is looked for."""
    while not found(event := events.get(20)):
        pass
    return event


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of one that is pulled out in the middle of a window."""
    monkeypatch.setattr("cv2.VideoCapture", Driver(pictures=50))
    path = tmp_path / "video0"
    path.touch()
    return str(path)


class Broken:
    """A sink that cannot take the last state: an error in our own code, wherever it may be."""

    address, overflows = "nowhere", 0

    def __init__(self, _settings: PublishSettings) -> None:
        """Nothing to open."""

    def write(self, event: Event) -> None:
        if isinstance(event, State) and event.activity == "ended":
            raise RuntimeError("a name that cannot be written")

    def serve(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to let go."""


def test_a_publisher_that_fails_at_the_very_end_is_an_error_of_every_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SINKS, "broken", Broken)
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000))
    settings = Settings(
        source=(SourceSettings(name="desk", url=str(tmp_path / "silence.wav"), pace="fast"),),
        asr=AsrSettings(engine="none"),
        publish=PublishSettings(bind=f"ipc://{tmp_path}/events"),
    )
    with Daemon(settings) as daemon:
        (outcome,) = daemon.run(threading.Event())
    assert str(outcome.error) == "publish: RuntimeError: a name that cannot be written"


def test_what_is_missing_when_a_source_is_opened_is_told_from_its_first_state_on(camera: str, tmp_path: Path) -> None:
    with running(tmp_path, camera=camera, mic="none such") as events:
        state = until(events, lambda event: isinstance(event, State))
    assert isinstance(state, State)
    assert state.error is not None
    assert state.error.endswith("goes on without")


def test_a_camera_that_goes_ends_its_window_at_once_and_its_state_goes_on_and_says_why(
    camera: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.sources.camera.STALL_S", 0.4)
    monkeypatch.setattr("streamer.app.SILENT_DEVICE_S", 0.5)
    with running(tmp_path, camera=camera) as events:
        said = until(events, lambda event: isinstance(event, Utterance))
        told = [until(events, lambda event: isinstance(event, State) and event.error is not None) for _ in range(3)]
        last = until(events, lambda event: isinstance(event, State) and not event.faces)
    assert isinstance(said, Utterance)
    assert said.latency_ms["endpoint"] < 500
    assert said.latency_ms["total"] < 5000
    assert {state.error for state in told if isinstance(state, State)} == {
        f"camera {camera}: gives no pictures, is it unplugged? it is opened again when it is back"
    }
    assert isinstance(last, State)
    assert last.stream_s == pytest.approx(said.end_s, abs=0.1)
