"""The speech recognition of one process, for one recording after the other: loading it takes longer than hearing a short one."""

from streamer.asr import Device, OpenedRecogniser, open_recogniser
from streamer.settings import AsrSettings, Settings


class Hearing:
    """Opened for the first recording, kept for the others."""

    def __init__(self, device: Device) -> None:
        """`device`: what the networks run on."""
        self._device: Device = device
        self._settings: AsrSettings | None = None
        self._opened: OpenedRecogniser = None, None

    def afresh(self, settings: Settings, cores: int) -> OpenedRecogniser:
        """As `open_recogniser` gives it, without a memory of the recordings before.

        Raises:
            EngineError: it cannot be used; the next call tries again.
        """
        recogniser, _ = self._opened
        if settings.asr != self._settings:
            self.close()
            self._opened = open_recogniser(settings.asr, device=self._device, offline=settings.offline, cores=cores)
            self._settings = settings.asr
        elif recogniser is not None:
            recogniser.forget()
        return self._opened

    def close(self) -> None:
        """Let it go."""
        recogniser, _ = self._opened
        self._opened, self._settings = (None, None), None
        if recogniser is not None:
            recogniser.close()
