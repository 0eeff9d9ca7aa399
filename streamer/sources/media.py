"""Opens what a URL names: a file, which waits for us, or a network stream, which does not."""

from streamer.errors import SourceError
from streamer.settings import SourceSettings
from streamer.sources.container import audio_stream, is_live, open_container, shown, video_stream
from streamer.sources.network import NetworkSource
from streamer.sources.recording import RecordingSource
from streamer.sources.trouble import OnTrouble


def open_media(settings: SourceSettings, on_trouble: OnTrouble) -> NetworkSource | RecordingSource:
    """Open `settings.url`.

    Raises:
        SourceError: it is not there, cannot be read, or holds neither sound nor pictures.
    """
    if settings.url is None:
        raise SourceError("the source has no url")
    container = open_container(settings.url)
    if audio_stream(container) is None and video_stream(container) is None:
        container.close()
        raise SourceError(f"{shown(settings.url)}: holds neither sound nor pictures that can be decoded")
    kind = NetworkSource if is_live(settings.url, container) else RecordingSource
    try:
        return kind(settings.url, container, settings, on_trouble)
    except BaseException:
        container.close()
        raise
