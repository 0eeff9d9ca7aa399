"""A camera and a microphone as one source on one clock; either may be missing, and either may go away for a while."""

import threading
from collections.abc import Callable
from typing import Final

from streamer.channel import Channel
from streamer.errors import DeviceError
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.camera import Camera, OpenCapture, open_v4l2
from streamer.sources.clock import CaptureClock
from streamer.sources.delivery import Delivery
from streamer.sources.microphone import Microphone
from streamer.sources.trouble import OnTrouble, Troubles

POLL_S: Final = 0.1
"""How soon the end of one of the two is noticed."""


class LiveSource:
    """What is captured from devices here and now; ends at `stop` only."""

    live: Final = True

    def __init__(self, camera: Camera | None, microphone: Microphone | None) -> None:
        self._camera = camera
        self._microphone = microphone
        self._delivery: Delivery | None = None
        self.video_name = camera.name if camera is not None else None

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        """See `Source.run`. Each device has a thread of its own, so that neither waits for the other."""
        clock = CaptureClock()
        delivery = self._delivery = Delivery(
            audio if self.audio_name else None, video if self.video_name else None, live=True
        )
        parts: list[Callable[[threading.Event], None]] = []
        if (microphone := self._microphone) is not None:
            parts.append(lambda ended: microphone.run(delivery.sound, clock, ended))
        if (camera := self._camera) is not None:
            parts.append(lambda ended: camera.run(delivery.picture, clock, ended))
        _run_together(parts, stop)

    @property
    def audio_name(self) -> str | None:
        """See `Source.audio_name`."""
        return self._microphone.name if self._microphone is not None else None

    @property
    def dropped(self) -> dict[str, int]:
        """See `Source.dropped`: blocks of sound between the driver and us, and pictures that came too late."""
        lost = {"microphone": self._microphone.dropped} if self._microphone is not None else {}
        if self._camera is not None:
            lost["late_pictures"] = self._delivery.late_pictures if self._delivery is not None else 0
        return lost

    def close(self) -> None:
        """See `Source.close`."""
        if self._camera is not None:
            self._camera.close()
        if self._microphone is not None:
            self._microphone.close()


def open_live(settings: SourceSettings, on_trouble: OnTrouble, open_capture: OpenCapture = open_v4l2) -> LiveSource:
    """Open the camera and the microphone of the settings; where one of two is not there, the other goes alone, and that is told.

    Raises:
        DeviceError: nothing that is asked for can be opened; says what there is.
    """
    troubles = Troubles(on_trouble)
    failures: dict[str, DeviceError] = {}
    camera: Camera | None = None
    microphone: Microphone | None = None
    if settings.camera is not None:
        try:
            camera = Camera(settings.camera, settings.max_width_px, settings.max_fps, troubles, open_capture)
        except DeviceError as err:
            failures["no camera"] = err
    if settings.mic is not None:
        try:
            microphone = Microphone(settings.mic, troubles, settings.channel)
        except DeviceError as err:
            failures["no microphone"] = err
    if camera is None and microphone is None:
        raise DeviceError("; ".join(map(str, failures.values())))
    for part, failure in failures.items():
        troubles.part(part)(f"{failure}; goes on without")
    return LiveSource(camera, microphone)


def _run_together(parts: list[Callable[[threading.Event], None]], stop: threading.Event) -> None:
    """Run each part in a thread until `stop`, or until one of them ends; its failure is raised here."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def guarded(part: Callable[[threading.Event], None]) -> None:
        try:
            part(ended)
        except BaseException as err:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(err)
        finally:
            ended.set()

    threads = [threading.Thread(target=guarded, args=(part,), daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        if ended.wait(POLL_S):
            break
    ended.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
