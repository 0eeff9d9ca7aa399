"""The sounddevice module as a program meets it, with one microphone: the library's failures can be scripted."""

from types import ModuleType, SimpleNamespace
from typing import Any

DESK = {"index": 0, "name": "Desk", "max_input_channels": 1, "default_samplerate": 48000.0}


class _Stream:
    def __init__(self, library: "ScriptedPortAudio") -> None:
        self.started = False
        self._library = library

    def start(self) -> None:
        if self._library.failing_streams:
            self._library.failing_streams -= 1
            raise self._library.PortAudioError("Device unavailable [PaErrorCode -9985]")
        self.started = True

    def close(self, *, ignore_errors: bool) -> None:
        """Nothing is held."""


class ScriptedPortAudio(ModuleType):
    """Stands in `sys.modules` in the place of sounddevice."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.default = SimpleNamespace(device=(0, -1))
        self.failing_starts = 0
        """How many of the next starts of the library fail, ..."""
        self.failing_streams = 0
        """... and how many of those of a device."""
        self.streams: list[_Stream] = []
        self.device = dict(DESK)
        self._running = True

    def RawInputStream(self, **_wanted: Any) -> _Stream:  # noqa: N802 - as it is called there
        self._must_run()
        self.streams.append(_Stream(self))
        return self.streams[-1]

    def query_devices(self) -> list[dict[str, Any]]:
        self._must_run()
        return [self.device]

    def _terminate(self) -> None:
        self._must_run()
        self._running = False

    def _initialize(self) -> None:
        if self.failing_starts:
            self.failing_starts -= 1
            raise self.PortAudioError("no sound system")
        self._running = True

    def _must_run(self) -> None:
        if not self._running:
            raise self.PortAudioError("not initialized")
