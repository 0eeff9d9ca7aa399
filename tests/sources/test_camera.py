"""A camera that is there, that goes, that freezes, and that comes back: only the driver is scripted."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamer.channel import Channel, Closed, WhenFull
from streamer.errors import DeviceError
from streamer.features.arrays import UInt8
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.camera import Camera, open_v4l2
from streamer.sources.clock import CaptureClock
from streamer.sources.live import open_live
from streamer.sources.trouble import Troubles
from tests.sources.scripted_camera import Script, ScriptedCamera


class Watched:
    """A camera run until enough pictures came, or until its troubles are as wanted."""

    def __init__(
        self,
        script: Script,
        *,
        pictures: int = 1_000_000,
        told: int = 1_000_000,
        max_width_px: int = 640,
        max_fps: float = 100.0,
    ) -> None:
        self.times_s: list[float] = []
        self.images: list[UInt8] = []
        self.told: list[str | None] = []
        self._wanted_told = told
        self._wanted_pictures = pictures
        self._stop = threading.Event()
        self.driver = ScriptedCamera(script, size_px=(1280, 720) if max_width_px < 640 else (64, 48))
        camera = Camera(0, max_width_px, max_fps, Troubles(self._tell), self.driver.open)
        camera.run(self._deliver, CaptureClock(), self._stop)
        camera.close()

    def _tell(self, trouble: str | None) -> None:
        self.told.append(trouble)
        if len(self.told) >= self._wanted_told:
            self._stop.set()

    def _deliver(self, time_s: float, rgb: Callable[[], UInt8], _captured_s: float) -> None:
        self.times_s.append(time_s)
        self.images.append(rgb())
        if len(self.images) >= self._wanted_pictures:
            self._stop.set()


def test_pictures_come_as_rgb_at_the_time_of_their_exposure() -> None:
    seen = Watched(["frames"], pictures=10)
    assert seen.images[0].shape == (48, 64, 3)
    assert seen.images[0][0, 0].tolist() == [200, 0, 1]
    assert seen.times_s[0] == 0.0
    steps_s = np.diff(seen.times_s)
    assert steps_s == pytest.approx(np.diff(seen.driver.exposed_s), abs=1e-6), (
        "the driver's own, whatever the machine does"
    )
    assert steps_s.min() > 0.002
    assert np.median(steps_s) == pytest.approx(0.02, abs=0.005), "a stall of the machine delays one, not most"
    assert seen.told == []


def test_wide_pictures_are_scaled_down() -> None:
    assert Watched(["frames"], pictures=1, max_width_px=320).images[0].shape == (180, 320, 3)


def test_pictures_above_the_rate_are_left_out_but_read_so_that_the_newest_is_never_behind() -> None:
    seen = Watched(["frames"], pictures=6, max_fps=10.0)
    assert np.diff(seen.times_s) == pytest.approx(0.1, abs=0.05)
    assert seen.driver.pictures >= 12


@pytest.fixture
def soon_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a second without a picture is a loss, not two."""
    monkeypatch.setattr("streamer.sources.camera.STALL_S", 0.3)


def test_a_picture_that_cannot_be_read_is_left_out_and_the_camera_stays_open() -> None:
    seen = Watched(["frames 5, dead 2, frames"], pictures=10)
    assert seen.driver.openings == 1
    assert max(np.diff(seen.times_s)) < 0.5
    assert seen.told == []


@pytest.mark.usefixtures("soon_lost")
def test_an_unplugged_camera_is_told_and_opened_until_it_is_back() -> None:
    seen = Watched(["frames 5, dead", "frames"], told=2)
    assert seen.told == ["camera 0: gives no pictures, is it unplugged? it is opened again when it is back", None]
    assert seen.driver.openings == 2
    assert seen.driver.released == 2


@pytest.mark.slow
def test_a_camera_that_repeats_its_last_picture_for_ever_has_gone() -> None:
    seen = Watched(["frames 5, frozen", "frames"], told=2)
    assert seen.told[0] is not None
    assert "repeats one picture" in seen.told[0]
    assert seen.told[1] is None


@pytest.mark.slow
def test_a_camera_that_stays_away_is_tried_less_and_less_often() -> None:
    seen = Watched(["frames 5, dead", "absent", "absent", "frames"], told=2)
    assert seen.driver.openings == 4  # after 1, 2 and 4 s
    assert seen.told[1] is None


def test_a_camera_that_is_not_there_is_refused_with_a_list_of_those_that_are() -> None:
    with pytest.raises(
        DeviceError, match=r"camera 77: there is none at /dev/video77; (there is no camera here|cameras here: .*)"
    ):
        open_v4l2(77, 640, 25.0)


def test_a_file_that_is_no_camera_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"no camera")
    with pytest.raises(DeviceError, match=r"cannot be opened; does another program hold it"):
        open_v4l2(str(path), 640, 25.0)


def test_an_index_may_be_written_as_text() -> None:
    troubles = Troubles(lambda _: None)
    assert Camera("0", 640, 25.0, troubles, ScriptedCamera(["frames"]).open).name == "camera 0"
    assert (
        Camera("/dev/v4l/by-id/x", 640, 25.0, troubles, ScriptedCamera(["frames"]).open).name
        == "camera /dev/v4l/by-id/x"
    )


def test_without_its_microphone_a_camera_goes_alone_and_that_is_told() -> None:
    told: list[str | None] = []
    driver = ScriptedCamera(["frames"])
    source = open_live(SourceSettings(camera=0, mic="none such"), told.append, driver.open)
    assert (source.audio_name, source.video_name) == (None, "camera 0")
    assert source.dropped == {"late_pictures": 0}
    assert told[0] is not None
    assert told[0].endswith("goes on without")
    video = Channel[VideoFrame | VideoTick]("video", 8, WhenFull.DROP_OLDEST)
    stop = threading.Event()
    thread = threading.Thread(
        target=source.run, args=(Channel[AudioChunk | AudioTick]("audio", 8, WhenFull.DROP_OLDEST), video, stop)
    )
    thread.start()
    assert isinstance(video.get(5), VideoFrame)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    source.close()
    assert driver.released == 1


def test_when_nobody_reads_any_more_the_capture_ends() -> None:
    source = open_live(SourceSettings(camera=0), lambda _: None, ScriptedCamera(["frames"]).open)
    video = Channel[VideoFrame | VideoTick]("video", 8, WhenFull.DROP_OLDEST)
    video.abandon()
    with pytest.raises(Closed):
        source.run(Channel[AudioChunk | AudioTick]("audio", 8, WhenFull.DROP_OLDEST), video, threading.Event())


def test_a_name_that_only_looks_like_an_index_is_a_path() -> None:
    with pytest.raises(DeviceError, match="²"):
        Camera("²", 640, 25.0, Troubles(print))
