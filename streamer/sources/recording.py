"""A file, or a film on a web server: everything in it, in order, as fast as it is taken or as it would be heard."""

import math
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from streamer.channel import Channel
from streamer.errors import SourceError
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.audio_blocks import AudioBlocks, SoundBlock
from streamer.sources.bursts import decoded_ahead, with_next_sound
from streamer.sources.container import (
    audio_stream,
    describe_audio,
    describe_video,
    is_remote,
    shown,
    video_stream,
    why_lost,
)
from streamer.sources.decoders import AudioDecoder, DecodedPicture, DecodedSound, VideoDecoder
from streamer.sources.delivery import Delivery
from streamer.sources.order import Late, in_order
from streamer.sources.packets import PacketQueues, decoded
from streamer.sources.pictures import FrameRateLimit, upright_rgb
from streamer.sources.timeline import Timeline
from streamer.sources.trouble import CountedTrouble, OnTrouble, Troubles
from streamer.sources.written_length import written_end_s

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

DISCONTINUOUS: Final = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT: the format's clock may leap."""
CUT_OFF_S: Final = 1.0
"""A file that ends this much before it should is cut off; less is rounding."""


class RecordingSource:
    """Sound and pictures of one container. The same file gives the same items, always."""

    live: Final = False

    def __init__(self, url: str, container: "InputContainer", settings: SourceSettings, on_trouble: OnTrouble) -> None:
        """Decodes the first sound and the first picture, which say where the stream clock begins.

        Args:
            url: For messages.
            container: Open; closed by `close`.
            settings: Pace, and limits of the pictures.
            on_trouble: See `open_source`.

        Raises:
            SourceError: nothing in it can be decoded.
        """
        self._url = url
        self._name = shown(url)
        self._container = container
        self._settings = settings
        self._troubles = Troubles(on_trouble)
        self._timeline = Timeline(leaps=bool(container.format.flags & DISCONTINUOUS))
        audio, video = audio_stream(container), video_stream(container)
        streams: list[Stream] = [s for s in (audio, video) if s is not None]
        self._written_end_s = written_end_s(container, streams)
        self._queues = PacketQueues(container, streams, self._timeline, self._damage("container"))
        self._pixel_aspect = float(video.sample_aspect_ratio or 1) if video is not None else 1.0

        self._sounds: Iterator[DecodedSound | Literal[Late.LATE]] = iter(())
        self._frames: Iterator[DecodedPicture | Literal[Late.LATE]] = iter(())
        if audio is not None:
            sound = AudioDecoder(audio, self._damage("sound"), settings.channel)
            self._sounds = decoded(self._queues, audio, sound.decode)
        if video is not None:
            self._frames = decoded(self._queues, video, VideoDecoder(video, self._damage("pictures")).decode)
        first_sound, first_frame = next(self._sounds, None), next(self._frames, None)
        self._zero_s = self._earlier(first_sound, first_frame)
        if first_sound is not None:
            self._sounds = chain([first_sound], self._sounds)
        if first_frame is not None:
            self._frames = chain([first_frame], self._frames)

        self.audio_name = describe_audio(url, audio) if audio is not None and first_sound is not None else None
        self.video_name = describe_video(url, video) if video is not None and first_frame is not None else None
        if audio is not None and self.audio_name is None:
            self._troubles.part("no sound")(f"{self._name}: its sound track is empty")
        if video is not None and self.video_name is None:
            self._troubles.part("no pictures")(f"{self._name}: its video track is empty")

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        """See `Source.run`. At pace `realtime` nothing leaves before its moment, and `captured_s` is that moment."""
        delivery = Delivery(audio if self.audio_name else None, video if self.video_name else None, live=False)
        realtime, began_s = self._settings.pace == "realtime", time.monotonic()

        def captured_s(time_s: float) -> float:
            return began_s + time_s if realtime else time.monotonic()

        items: Iterator[SoundBlock | DecodedPicture] = in_order(self._blocks(), self._pictures())
        groups = with_next_sound(items) if self.audio_name else ([item] for item in items)
        for together in decoded_ahead(groups):
            if realtime:
                stop.wait(began_s + together[-1].due_s - time.monotonic())
            for item in together:
                if stop.is_set():
                    return
                if isinstance(item, SoundBlock):
                    delivery.sound(item, captured_s(item.due_s))
                else:
                    rgb = partial(upright_rgb, item.frame, self._settings.max_width_px, self._pixel_aspect)
                    delivery.picture(item.time_s, rgb, captured_s(item.time_s))
                    delivery.no_sound(item.time_s, captured_s)
        self._tell_what_is_missing(delivery)

    @property
    def dropped(self) -> dict[str, int]:
        """See `Source.dropped`: a count that grows while the file is read would depend on how fast that is."""
        return {}

    def close(self) -> None:
        """See `Source.close`."""
        self._container.close()

    def _damage(self, part: str) -> CountedTrouble:
        message = f"{self._name}: {{count}} damaged pieces of its {part} left out"
        return CountedTrouble(self._troubles.part(part), message, clear_after_s=math.inf)

    def _earlier(
        self, sound: DecodedSound | Literal[Late.LATE] | None, frame: DecodedPicture | Literal[Late.LATE] | None
    ) -> float:
        """Where the stream clock begins, on the container's time line."""
        starts_s = [item.time_s or 0.0 for item in (sound, frame) if item is not None and item is not Late.LATE]
        if not starts_s:
            raise SourceError(f"{self._name}: nothing in it can be decoded; it is empty, cut off or damaged")
        return min(starts_s)

    def _blocks(self) -> Iterator[SoundBlock | Literal[Late.LATE]]:
        blocks = AudioBlocks()
        for sound in self._sounds:
            if sound is Late.LATE:
                yield sound
            else:
                time_s = None if sound.time_s is None else sound.time_s - self._zero_s
                yield from blocks.push(sound.waveform, sound.sample_rate_hz, time_s)
        yield from blocks.flush()

    def _pictures(self) -> Iterator[DecodedPicture | Literal[Late.LATE]]:
        limit = FrameRateLimit(self._settings.max_fps)
        for picture in self._frames:
            if picture is Late.LATE:
                yield picture
            elif limit.takes(picture.time_s - self._zero_s):
                yield DecodedPicture(picture.time_s - self._zero_s, picture.frame)

    def _tell_what_is_missing(self, delivery: Delivery) -> None:
        """What only the end of the file shows."""
        import av

        end_s, written_s = self._timeline.shown_until_s, self._written_end_s
        if failure := self._queues.given_up:
            broke = is_remote(self._url) and not isinstance(failure, av.error.InvalidDataError)
            what = "the connection broke" if broke else "cannot be read any further"
            mend = "play it again, or download it first" if broke else "the rest is left out"
            after = f"after {end_s - self._zero_s:.1f} s ({why_lost(failure)})"
            self._troubles.part("given up")(f"{self._name}: {what} {after}; {mend}")
        elif written_s is not None and end_s < written_s - CUT_OFF_S:
            lengths = f"{end_s - self._zero_s:.1f} of {written_s - self._zero_s:.1f} s"
            self._troubles.part("cut off")(f"{self._name}: is cut off after {lengths}")
        if count := delivery.late_pictures:
            self._troubles.part("late pictures")(
                f"{self._name}: {count} pictures left out, stored too far behind their sound; remux it with ffmpeg -c copy"
            )
