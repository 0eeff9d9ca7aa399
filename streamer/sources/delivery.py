"""Puts sound and pictures on their channels, and says where one of them is missing."""

import threading
import time
from collections.abc import Callable
from typing import Final

from streamer.channel import Channel
from streamer.features.arrays import UInt8
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.sources.audio_blocks import SoundBlock
from streamer.sources.trouble import OnTrouble

TICK_S: Final = 0.25
"""Without a picture for so long, a `VideoTick` says so; without sound, `AudioTick`s do."""
CHUNK_S: Final = CHUNK_SAMPLES / SAMPLE_RATE_HZ
MOST_TICKS: Final = 64
"""From one picture to the next, two seconds: pictures that leap further have a gap of their own, which may be hours."""
LIVE_LAG_S: Final = 0.5
"""Live, pictures may come this much later than sound of the same moment before they count as absent."""
MAX_LIVE_LAG_S: Final = 3.0
"""Later than this after their sound, they are not waited for, since every utterance would then wait as long."""
TOO_LATE: Final = (
    f"pictures come more than {MAX_LIVE_LAG_S:g} s after their sound and are left out; lower the delay of the camera's encoder (shorter "
    "groups of pictures, no B-frames), or delay its sound"
)


class Delivery:
    """The writer's end of a source's two channels; sound and pictures may come from different threads.

    The times on the video channel never go back: a picture that comes after a tick has passed it is left out. Live, the ticks then keep
    a longer distance, so that it does not happen again. Sound is never left out: what comes after ticks, out of a file that stores it far
    behind its pictures, is heard, and the ticks then keep that distance.
    """

    def __init__(
        self,
        audio: Channel[AudioChunk | AudioTick] | None,
        video: Channel[VideoFrame | VideoTick] | None,
        *,
        live: bool,
        on_trouble: OnTrouble = lambda _: None,
    ) -> None:
        """Nothing is put yet.

        Args:
            audio: None where the source has no sound.
            video: None where the source has no pictures.
            live: Items come as they are captured; otherwise in the order of the moment at which they are complete.
            on_trouble: Called when live pictures come too late to be waited for, and with None when they no longer do.
        """
        self._audio = audio
        self._video = video
        self._live = live
        self._tell = on_trouble
        self._lag_s = LIVE_LAG_S if live else 0.0
        self._seen_s = 0.0
        self._heard_s = 0.0
        self._silent_s = 0.0
        """How far it was told that there is no sound."""
        self._silence_lag_s = 0.0
        self._lock = threading.Lock()
        self.late_pictures = 0

    def sound(self, block: SoundBlock, captured_s: float) -> None:
        """Hand a block on, and a tick where pictures fall behind.

        Raises:
            Closed: nobody reads any more.
        """
        if self._audio is None:
            return
        self._audio.put(AudioChunk(block.time_s, block.waveform, captured_s))
        self._heard_s = block.due_s
        if self._silent_s > block.due_s:
            self._silence_lag_s = max(self._silence_lag_s, self._silent_s - block.time_s)
        if self._video is None:
            return
        with self._lock:
            nothing_until_s = block.due_s - self._lag_s
            if nothing_until_s >= self._seen_s + TICK_S:
                self._seen_s = nothing_until_s
                self._video.put(VideoTick(nothing_until_s, captured_s))

    def no_sound(self, until_s: float, captured_s: Callable[[float], float]) -> None:
        """Say so where the sound has fallen behind what was seen. Not live, where nobody knows what is still to come.

        Args:
            until_s: Of the last picture that was put: who waits for the pictures of a tick's moment must not wait for ever.
            captured_s: What `time.monotonic()` showed at a moment of the stream.

        Raises:
            Closed: nobody reads any more.
        """
        until_s -= self._silence_lag_s
        if self._audio is None or until_s < self._heard_s + TICK_S:
            return
        since_s = max(self._silent_s, self._heard_s)
        ticks = max(0, int((until_s - since_s) / CHUNK_S))
        for number in range(1, min(ticks, MOST_TICKS) + 1):
            time_s = since_s + number * CHUNK_S
            self._audio.put(AudioTick(time_s, captured_s(time_s)))
        self._silent_s = since_s + ticks * CHUNK_S

    def picture(self, time_s: float, rgb: Callable[[], UInt8], captured_s: float | None = None) -> None:
        """Hand a picture on, unless it is too late; arguments as in `VideoFrame`, captured now where that is not told.

        Raises:
            Closed: nobody reads any more.
        """
        if self._video is None:
            return
        with self._lock:
            if time_s < self._seen_s:
                self.late_pictures += 1
                if self._live:
                    if self._heard_s - time_s > MAX_LIVE_LAG_S:
                        self._tell(TOO_LATE)
                    self._lag_s = min(self._lag_s + self._seen_s - time_s + TICK_S, MAX_LIVE_LAG_S)
                return
            self._tell(None)
            self._seen_s = time_s
            self._video.put(VideoFrame(time_s, rgb, time.monotonic() if captured_s is None else captured_s))
