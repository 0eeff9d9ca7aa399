"""Everything that captures: a camera and a microphone, a file, a network stream, each on one clock.

A source is one entry of `SOURCES`; `open_source` picks it by what the settings name.
"""

import threading
from collections.abc import Callable
from typing import Final, Literal, Protocol

from streamer.channel import Channel
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.trouble import OnTrouble


class Source(Protocol):
    """Something that is heard and seen; already open."""

    @property
    def live(self) -> bool:
        """Live, its channels drop the oldest; a file waits."""
        ...

    @property
    def audio_name(self) -> str | None:
        """What is heard, for people; None: there is no sound, and nothing is put on the audio channel."""
        ...

    @property
    def video_name(self) -> str | None:
        """What is seen, for people; None: there are no pictures, and nothing is put on the video channel."""
        ...

    @property
    def dropped(self) -> dict[str, int]:
        """What a live source itself has lost since the start, before its channels, by what lost it; read from any thread.

        A file waits; what it has to leave out, it tells as trouble at its end.
        """
        ...

    def run(
        self, audio: Channel[AudioChunk | AudioTick], video: Channel[VideoFrame | VideoTick], stop: threading.Event
    ) -> None:
        """Capture until the end or `stop`. The caller closes the channels.

        Chunks and pictures are put in the order of the moment at which they are complete; files keep to it over both channels. Where
        pictures fall 0.25 s behind the sound, a `VideoTick` says that there are none; where a file's sound falls as far behind its
        pictures, `AudioTick`s do.

        Raises:
            Closed: nobody reads any more.
        """
        ...

    def close(self) -> None:
        """Let devices and files go; after `run`, from the same thread or later. May be called twice."""
        ...


def _open_media(settings: SourceSettings, on_trouble: OnTrouble) -> Source:
    from streamer.sources.media import open_media

    return open_media(settings, on_trouble)


def _open_live(settings: SourceSettings, on_trouble: OnTrouble) -> Source:
    from streamer.sources.live import open_live

    return open_live(settings, on_trouble)


SOURCES: Final[dict[Literal["media", "live"], Callable[[SourceSettings, OnTrouble], Source]]] = {
    "media": _open_media,
    "live": _open_live,
}
"""Imported when opened: FFmpeg and PortAudio are slow to load, and the latter may be absent."""


def open_source(settings: SourceSettings, on_trouble: OnTrouble) -> Source:
    """Open what the settings name.

    Args:
        settings: Of one source.
        on_trouble: Called, from any thread, with one line when something goes wrong that does not end the source, and with None when
            it is over.

    Raises:
        SourceError: the file or stream is not there, cannot be read, or holds nothing that can be decoded.
        DeviceError: neither camera nor microphone can be opened.
    """
    return SOURCES["media" if settings.url is not None else "live"](settings, on_trouble)
