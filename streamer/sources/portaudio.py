"""The one PortAudio of this process: loaded late, and asked for its devices anew only while nobody listens."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from types import ModuleType
from typing import Any, Final

from streamer.errors import DeviceError

_LOCK: Final = threading.RLock()
LATENCY_S: Final = 0.1
"""What a device may hold back: less is lost on a busy machine, more makes sound come in bursts."""
_OPEN: Final[set[Any]] = set()
"""The streams of all microphones; they would die with a new look at the devices."""


def load() -> ModuleType:
    """The sounddevice module; the first time, this makes the list of devices.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    try:
        import sounddevice
    except OSError as err:
        raise DeviceError(
            "PortAudio is missing, so there is no microphone; mend: sudo apt install libportaudio2"
        ) from err
    module: ModuleType = sounddevice
    return module


def one_list() -> AbstractContextManager[bool]:
    """While it is held, devices keep their numbers: nobody else looks for them anew."""
    return _LOCK


def known_devices() -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """The number of the default input, and every device as PortAudio describes it; never while it looks for them anew.

    Raises:
        DeviceError: PortAudio is not installed, or does not answer.
    """
    sounddevice = load()
    with _LOCK:
        try:
            return sounddevice.default.device[0], tuple(sounddevice.query_devices())
        except sounddevice.PortAudioError as err:
            raise DeviceError(f"PortAudio cannot list the microphones ({err})") from err


def open_input(
    device: int, sample_rate_hz: int, channels: int, block_s: float, on_sound: Callable[[Any, int, Any, Any], None]
) -> Any:
    """An input stream of float32 that is not started yet.

    Raises:
        DeviceError: with PortAudio's reason alone.
    """
    sounddevice = load()
    with _LOCK:
        try:
            stream = sounddevice.RawInputStream(
                device=device,
                samplerate=sample_rate_hz,
                channels=channels,
                dtype="float32",
                blocksize=round(sample_rate_hz * block_s),
                latency=LATENCY_S,
                callback=on_sound,
            )
        except (sounddevice.PortAudioError, ValueError) as err:
            raise DeviceError(str(err)) from err
        _OPEN.add(stream)
    return stream


def start(stream: Any) -> None:
    """Let the callbacks come.

    Raises:
        DeviceError: with PortAudio's reason alone.
    """
    try:
        stream.start()
    except load().PortAudioError as err:
        raise DeviceError(str(err)) from err


def close(stream: Any) -> None:
    """Let a device go, whatever state it is in; may be called twice."""
    with _LOCK:
        if stream in _OPEN:
            _OPEN.remove(stream)
            stream.close(ignore_errors=True)


def look_again() -> None:
    """Find devices that were plugged in since; PortAudio does so only when it starts.

    Raises:
        DeviceError: it does not start; the next call tries again.
    """
    sounddevice = load()
    with _LOCK:
        if _OPEN:
            return
        with suppress(sounddevice.PortAudioError):  # it did not start the last time
            sounddevice._terminate()  # noqa: SLF001 - sounddevice offers no other way
        try:
            sounddevice._initialize()  # noqa: SLF001
        except sounddevice.PortAudioError as err:
            raise DeviceError(f"PortAudio does not start ({err})") from err
