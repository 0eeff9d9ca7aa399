"""A live network stream: delivered as it arrives, and fetched again when it is lost."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from streamer.channel import Channel
from streamer.errors import SourceError
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.audio_blocks import AudioBlocks
from streamer.sources.backlog import Backlog
from streamer.sources.clock import ConnectionClock
from streamer.sources.container import (
    audio_stream,
    describe_audio,
    describe_video,
    open_container,
    shown,
    video_stream,
    why_lost,
)
from streamer.sources.decoders import AudioDecoder, DecodedPicture, DecodedSound, VideoDecoder
from streamer.sources.delivery import Delivery
from streamer.sources.pictures import FrameRateLimit, upright_rgb
from streamer.sources.playout import PlayOut
from streamer.sources.timeline import Timeline
from streamer.sources.trouble import CountedTrouble, OnTrouble, Troubles, retry_delays_s

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

Receiver = tuple[Callable[["Packet[Any]"], Sequence[Any]], Callable[[Any, float], None]]

END_S: Final = 2.0
"""A stream that has said how long it is may end this much before."""
WITHOUT_CLOCK: Final = 0x0080
"""FFmpeg's AVFMT_NOTIMESTAMPS: the format carries no times (MJPEG, raw H.264), those that FFmpeg tells are invented. A picture's time is
its arrival."""
IN_SEGMENTS: Final = frozenset({"hls", "dash"})
"""Formats of which several seconds arrive at once."""


class NetworkSource:
    """RTSP, MPEG-TS over UDP, MJPEG over HTTP, HLS and the like.

    It ends at `stop`, or where the sender has said how long the stream is and that is reached; any other end is a loss. While a sender
    is silent, `stop` is heeded within `TIMEOUT_S`. What came before `run` is left out, but of a film, which has
    told its length.
    """

    live: Final = True

    def __init__(self, url: str, container: "InputContainer", settings: SourceSettings, on_trouble: OnTrouble) -> None:
        """Nothing is read yet.

        Args:
            url: To connect to again.
            container: The first connection; closed by `close`.
            settings: Limits of the pictures.
            on_trouble: See `open_source`.
        """
        self._url = url
        self._name = shown(url)
        self._container = container
        self._opened_s = time.monotonic()
        self._settings = settings
        self._troubles = Troubles(on_trouble)
        self._tell = self._troubles.part("connection")
        self._sound_damage = CountedTrouble(
            self._troubles.part("sound"), f"{self._name}: {{count}} damaged pieces of sound lost"
        )
        self._picture_damage = CountedTrouble(
            self._troubles.part("pictures"), f"{self._name}: {{count}} damaged pictures lost"
        )
        self._clock = ConnectionClock()
        self._blocks = AudioBlocks()
        self._limit = FrameRateLimit(settings.max_fps)
        self._delivery: Delivery | None = None
        audio, video = audio_stream(container), video_stream(container)
        self.audio_name = describe_audio(url, audio) if audio is not None else None
        self.video_name = describe_video(url, video) if video is not None else None

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        """See `Source.run`. Items leave as they arrive, of a stream in segments in their own time; `captured_s` is that moment."""
        delivery = self._delivery = Delivery(
            audio if self.audio_name else None,
            video if self.video_name else None,
            live=True,
            on_trouble=self._troubles.part("late pictures"),
        )
        while (lost := self._receive(delivery, stop)) is not None:
            self._tell(f"{self._name}: lost ({lost}); trying to get it back")
            if not self._reconnect(stop):
                break
        for block in self._blocks.flush():
            delivery.sound(block, time.monotonic())

    @property
    def dropped(self) -> dict[str, int]:
        """See `Source.dropped`: pictures that came too late."""
        if self.video_name is None:
            return {}
        return {"late_pictures": self._delivery.late_pictures if self._delivery is not None else 0}

    def close(self) -> None:
        """See `Source.close`."""
        self._container.close()

    def _receive(self, delivery: Delivery, stop: threading.Event) -> str | None:
        """Deliver what one connection brings, until it is lost: gives the reason; None: at the end, or at `stop`."""
        import av

        streams = [s for s in (audio_stream(self._container), video_stream(self._container)) if s is not None]
        receivers = self._receivers(delivery, stop)
        timeline = Timeline(leaps=True)
        told_s = (self._container.duration or 0) / 1e6  # FFmpeg's AV_TIME_BASE
        backlog = Backlog(time.monotonic() - self._opened_s if self._has_clock and not told_s else 0.0)
        try:
            for packet in self._container.demux(*streams):
                if stop.is_set():
                    return None
                if packet.size:  # at its end, a stream gives empty ones
                    now_s = time.monotonic()
                    own_s = self._clock.own_time_s(now_s)
                    time_s = timeline.place(packet, backlog.until_s if own_s is None else own_s)
                    decode, deliver = receivers[packet.stream_index]
                    items = decode(packet)
                    if not backlog.holds(time_s):
                        for item in items:
                            deliver(item, now_s)
                    self._tell(None)
        except av.FFmpegError as err:
            return why_lost(err)
        return None if told_s and timeline.length_s > told_s - END_S else "ended by the sender"

    @property
    def _has_clock(self) -> bool:
        """Else what has piled up comes as one burst, of which the limit of pictures a second takes the beginning."""
        return not self._container.format.flags & WITHOUT_CLOCK

    def _receivers(self, delivery: Delivery, stop: threading.Event) -> "dict[int, Receiver]":
        """For each stream of the connection: what decodes its packets, and what to do with each item of one, and its monotonic arrival."""
        receivers: dict[int, Receiver] = {}
        play_out = PlayOut() if self._container.format.name in IN_SEGMENTS else None

        def leave(due_s: float, now_s: float) -> float:
            """Wait for the moment of an item, and give it."""
            if play_out is None:
                return now_s
            leaves_s = play_out.leaves_s(due_s, now_s)
            stop.wait(leaves_s - time.monotonic())
            return leaves_s

        if audio := audio_stream(self._container):
            sounds = AudioDecoder(audio, self._sound_damage, self._settings.channel)

            def hear(sound: DecodedSound, now_s: float) -> None:
                time_s = None if sound.time_s is None else self._clock.stream_time_s(sound.time_s, now_s)
                for block in self._blocks.push(sound.waveform, sound.sample_rate_hz, time_s):
                    delivery.sound(block, leave(block.due_s, now_s))

            receivers[audio.index] = (sounds.decode, hear)
        if video := video_stream(self._container):
            pictures = VideoDecoder(video, self._picture_damage)
            pixel_aspect = float(video.sample_aspect_ratio or 1)
            has_clock = self._has_clock

            def see(picture: DecodedPicture, now_s: float) -> None:
                time_s = self._clock.stream_time_s(picture.time_s if has_clock else now_s, now_s)
                if self._limit.takes(time_s):
                    left_s = leave(time_s, now_s)
                    rgb = partial(upright_rgb, picture.frame, self._settings.max_width_px, pixel_aspect)
                    delivery.picture(time_s, rgb, left_s)

            receivers[video.index] = (pictures.decode, see)
        return receivers

    def _reconnect(self, stop: threading.Event) -> bool:
        """Try until it is there again; False at `stop`."""
        self._container.close()
        for delay_s in retry_delays_s():
            if stop.wait(delay_s):
                return False
            try:
                self._container = open_container(self._url)
            except SourceError as err:
                self._tell(f"{err}; tried again every few seconds")
                continue
            if audio_stream(self._container) is None and video_stream(self._container) is None:
                self._container.close()
                self._tell(f"{self._name}: holds neither sound nor pictures now; tried again every few seconds")
                continue
            self._clock.reconnected()
            self._opened_s = time.monotonic()
            return True
        return False
