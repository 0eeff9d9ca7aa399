"""Opens what a URL names: a file, which waits for us, or a network stream, which does not."""

from typing import TYPE_CHECKING

from streamer.errors import SourceError
from streamer.settings import SourceSettings
from streamer.sources.container import audio_stream, channels_of, is_live, open_container, shown, video_stream
from streamer.sources.network import NetworkSource
from streamer.sources.recording import RecordingSource
from streamer.sources.trouble import OnTrouble

if TYPE_CHECKING:
    from av.container import InputContainer


def open_media(settings: SourceSettings, on_trouble: OnTrouble) -> NetworkSource | RecordingSource:
    """Open `settings.url`.

    Raises:
        SourceError: it is not there, cannot be read, or holds neither sound nor pictures.
    """
    if settings.url is None:
        raise SourceError("the source has no url")
    container = open_container(settings.url)
    try:
        _check(settings.url, container, settings.channel)
        kind = NetworkSource if is_live(settings.url, container) else RecordingSource
        return kind(settings.url, container, settings, on_trouble)
    except BaseException:
        container.close()
        raise


def _check(url: str, container: "InputContainer", channel: int | None) -> None:
    """Refuse what holds nothing of what is wanted."""
    if audio_stream(container) is None and video_stream(container) is None:
        raise SourceError(f"{shown(url)}: holds neither sound nor pictures that can be decoded")
    there = channels_of(container)
    if channel is not None and channel > there:
        has = f"channels 1 to {there}" if there else "no sound"
        raise SourceError(f"{shown(url)}: has {has}, and channel {channel} is asked for")
