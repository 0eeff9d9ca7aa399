"""A microphone: its callback only copies, everything else is done by the thread that runs it; unplugged, it is waited for."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from streamer.channel import Channel, WhenFull
from streamer.errors import DeviceError
from streamer.messages import SAMPLE_RATE_HZ
from streamer.sources import portaudio
from streamer.sources.audio_blocks import AudioBlocks, SoundBlock
from streamer.sources.clock import CaptureClock, SampleClock
from streamer.sources.devices import MicrophoneInfo, list_microphones, microphones_there
from streamer.sources.downmix import to_mono
from streamer.sources.trouble import CountedTrouble, Troubles, retry_delays_s

BLOCK_S: Final = 0.032
STALL_S: Final = 2.0
"""A microphone that gives nothing for so long has gone."""
POLL_S: Final = 0.25
"""How soon `stop` is heeded while nothing comes."""
HELD_BLOCKS: Final = 128
"""4 s between the callback and the thread."""
MOST_CHANNELS: Final = 16
"""Who claims more is no device but a sound server, which makes as many of a device's as it is asked for."""
MAX_LATENCY_S: Final = 1.0
"""A driver that claims more between the air and its callback does not know."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the callback saw."""

    samples: bytes
    """float32, interleaved."""
    stamp_s: float
    """The driver's word for the capture of the first sample, as `time.monotonic()`."""
    arrived_s: float
    sound_lost: bool
    """Before these samples."""


class Microphone:
    """One sound input: opened at once, heard by `run`."""

    def __init__(self, wanted: str, troubles: Troubles, channel: int | None) -> None:
        """Open it.

        Args:
            wanted: `default`, or part of a device's name.
            troubles: Told when it goes away, when it is back, and when sound is lost.
            channel: See `SourceSettings.channel`.

        Raises:
            DeviceError: there is none of that name, it has no such channel, or it cannot be opened.
        """
        self._wanted = wanted
        self._channel = channel
        self._tell = troubles.part("microphone")
        self._heard = Channel[_Heard]("microphone", HELD_BLOCKS, WhenFull.DROP_OLDEST)
        self._device = _find(wanted)
        self.overflows = CountedTrouble(
            troubles.part("lost sound"), f"{self.name}: sound was lost {{count}} times; the machine is too busy"
        )
        self._sample_rate_hz = SAMPLE_RATE_HZ
        self._channels = 1
        self._stream = self._open()
        self._counted = SampleClock(self._sample_rate_hz)
        self._delays_s = retry_delays_s()

    @property
    def name(self) -> str:
        """Of the device that is open: the default one may be another after it was unplugged."""
        return f"default: {self._device.name}" if self._wanted == "default" else self._device.name

    def run(self, deliver: Callable[[SoundBlock, float], None], clock: CaptureClock, stop: threading.Event) -> None:
        """Hear until `stop`, which is heeded within `POLL_S`.

        Args:
            deliver: Gets each block, and the monotonic time at which it was captured.
            clock: Shared with the camera.
            stop: Set by another thread.
        """
        blocks = AudioBlocks()
        try:
            portaudio.start(self._stream)
        except DeviceError:  # unplugged or taken since it was opened
            self._get_back(stop)
        heard_s = time.monotonic()
        while not stop.is_set():
            try:
                heard = self._heard.get(POLL_S)
            except TimeoutError:
                if time.monotonic() - heard_s > STALL_S:
                    self._get_back(stop)
                    heard_s = time.monotonic()
                continue
            heard_s = heard.arrived_s
            self._tell(None)
            self._delays_s = retry_delays_s()
            samples = np.frombuffer(heard.samples, np.float32).reshape(-1, self._channels).T
            captured_s = self._counted.captured_s(samples.shape[1], heard.stamp_s, after_loss=heard.sound_lost)
            if not self._counted.settled:
                continue
            time_s = clock.stream_time_s(captured_s)
            if heard.sound_lost:
                self.overflows.failed(time_s)
            self.overflows.went_well(time_s)
            waveform = to_mono(samples, ["NONE"] * self._channels, self._channel)
            for block in blocks.push(waveform, self._sample_rate_hz, time_s):
                deliver(block, heard.arrived_s)
        for block in blocks.flush():
            deliver(block, time.monotonic())

    @property
    def dropped(self) -> int:
        """Blocks of `BLOCK_S` that were lost between the callback and the thread, which was too slow."""
        return self._heard.dropped

    def close(self) -> None:
        """Let the device go."""
        portaudio.close(self._stream)

    def _open(self) -> Any:
        """Open the device at 16 kHz, or at its own rate where it refuses; mono, or with its channels where it refuses or one is wanted.

        Raises:
            DeviceError: it has no such channel, or cannot be opened at all.
        """
        own_hz, there = self._device.sample_rate_hz, self._device.channels
        few, many = 1, min(2, there)
        if self._channel is not None:
            if self._channel > there:
                has = f"has channels 1 to {there}, and channel {self._channel} is asked for"
                raise DeviceError(f"microphone {self._device.name!r}: {has}")
            # Of fewer than it has, a driver may make one mixture.
            few = many = there if there <= MOST_CHANNELS else max(2, self._channel)
        reason = ""
        for self._sample_rate_hz, self._channels in ((SAMPLE_RATE_HZ, few), (own_hz, few), (own_hz, many)):
            try:
                return portaudio.open_input(
                    self._device.index, self._sample_rate_hz, self._channels, BLOCK_S, self._on_sound
                )
            except DeviceError as err:
                reason = str(err)
        raise DeviceError(
            f"microphone {self._device.name!r}: cannot be opened ({reason}); does another program hold it? {microphones_there()}"
        )

    def _on_sound(self, samples: Any, frames: int, times: Any, status: Any) -> None:
        """PortAudio's callback: must return at once."""
        now_s = time.monotonic()
        latency_s = self._stream.time - times.inputBufferAdcTime  # PortAudio has a clock of its own
        if not 0.0 <= latency_s <= MAX_LATENCY_S:
            latency_s = frames / self._sample_rate_hz
        self._heard.put(_Heard(bytes(samples), now_s - latency_s, now_s, bool(status.input_overflow)))

    def _get_back(self, stop: threading.Event) -> None:
        """Open it again, until that works or `stop`; whether sound comes then, `run` sees."""
        self._tell(f"microphone {self.name}: gives no sound, is it unplugged? it is opened again when it is back")
        self.close()
        while not stop.wait(next(self._delays_s)):
            try:
                with portaudio.one_list():
                    portaudio.look_again()
                    self._device = _find(self._wanted)
                    self._stream = self._open()
                self._counted = SampleClock(self._sample_rate_hz)
                portaudio.start(self._stream)
            except DeviceError:
                self.close()
            else:
                return


def _find(wanted: str) -> MicrophoneInfo:
    """The device that a setting means: the default one, one of that very name, or the first one with it in its name."""
    microphones = list_microphones()
    if wanted == "default":
        found = [mic for mic in microphones if mic.is_default]
    else:
        found = [mic for mic in microphones if mic.name == wanted]
        found += [mic for mic in microphones if wanted.casefold() in mic.name.casefold()]
    if not found:
        which = "no default microphone" if wanted == "default" else f"no microphone with {wanted!r} in its name"
        raise DeviceError(f"{which}; {microphones_there()}")
    return found[0]
