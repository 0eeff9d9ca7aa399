"""The recording: the payloads of all events but heartbeats, as JSON, one a line; every line names its session."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from streamer.errors import PublishError
from streamer.file_names import as_text
from streamer.settings import PublishSettings
from streamer.wire import Event, Heartbeat, encode


class JsonlSink:
    """A file that is appended to. Every line is handed to the system at once, so that a crash loses nothing before it."""

    overflows: Final = 0

    def __init__(self, path: Path) -> None:
        self.address = as_text(str(path))
        try:
            before = b"\n" if _cut_off(path) else b""
            self._file = path.open("ab")
            self._file.write(before)  # reaches the file with the first line
        except OSError as err:
            raise PublishError(
                f"{path}: cannot record there ({err.strerror}); give --record a file that can be written"
            ) from err

    @classmethod
    def wanted(cls, settings: PublishSettings) -> "JsonlSink | None":
        """The recording that the settings ask for, if any."""
        return None if settings.record is None else cls(settings.record)

    def write(self, event: Event) -> None:
        """Add a line; heartbeats are left out, since they tell of the wall clock only."""
        if isinstance(event, Heartbeat):
            return
        try:
            self._file.write(encode(event) + b"\n")
            self._file.flush()
        except OSError as err:
            raise PublishError(f"{self.address}: the recording ends here ({err.strerror}); publishing goes on") from err

    def serve(self) -> bool:
        """Nobody asks a file."""
        return False

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # what could not be written was told when it was
            self._file.close()


def _cut_off(path: Path) -> bool:
    """Whether the last line of an earlier recording has no end, as a full disk leaves it."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
