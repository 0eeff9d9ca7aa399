"""Opens a file or a network stream, or says in one line why not."""

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from streamer.errors import SourceError
from streamer.file_names import as_text

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.error import FFmpegError
    from av.video.stream import VideoStream

TIMEOUT_S: Final = 5.0
"""Of a network stream: to open it, and without any data before it counts as lost."""
ALWAYS_LIVE: Final = frozenset({"rtsp", "rtsps", "rtp", "udp", "tcp", "srt", "rtmp"})
SIZE_IS_ANOTHERS: Final = frozenset({"hls", "dash", "sdp", "mpjpeg"})
"""Formats of which the size says nothing: it is that of a list that names the stream, or invented (MJPEG cameras)."""
_OPTIONS: Final = {
    "rtsp_flags": "prefer_tcp",  # loses nothing; UDP where the server does not offer it
    "reconnect": "1",  # HTTP that breaks off before the end of what has a size goes on from there, if that works within `TIMEOUT_S`
    "overrun_nonfatal": "1",  # UDP that comes too fast loses packets rather than the stream
    "analyzeduration": "2000000",  # µs of stream that may be read to learn what is in it
}


def shown(url: str) -> str:
    """A URL without what may hold a password, before the host and after the path, or the name of a file: for messages and events."""
    if not is_remote(url):
        return as_text(_path(url).name)
    try:
        parts = urlsplit(url)
    except ValueError:  # then nothing of it is known to be no password
        return f"{as_text(url.partition('://')[0])}://…"
    return as_text(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())


def is_remote(url: str) -> bool:
    """Whether it is an address, and no file of this machine."""
    return "://" in url and not url.startswith("file:")


def is_live(url: str, container: "InputContainer") -> bool:
    """Whether it cannot wait for us: cameras and broadcasts, not films on a web server, which have a length or at least a size."""
    if not is_remote(url):
        return False
    size = container.size or 0  # what is not known was -78 until PyAV 19, and is None since
    has_size = size > 0 and container.format.name not in SIZE_IS_ANOTHERS
    return urlsplit(url).scheme in ALWAYS_LIVE or (container.duration is None and not has_size)


def open_container(url: str) -> "InputContainer":
    """Open what is at a path or address.

    Raises:
        SourceError: it is not there, does not answer within `TIMEOUT_S`, or is nothing that FFmpeg can read.
    """
    if is_remote(url):
        _check_host(url)
        return _open(url, shown(url), timeout_s=TIMEOUT_S)
    path = _path(url)
    _check_file(path)
    container = _open(
        f"file:{path}", str(path), timeout_s=None
    )  # else what stands before a colon is taken for a protocol
    if container.format.name == "tty":  # FFmpeg would draw any text on a picture
        container.close()
        raise SourceError(f"{path}: is a text file, no sound or video")
    return container


def audio_stream(container: "InputContainer") -> "AudioStream | None":
    """The sound that a player would play: of several programmes in one broadcast, that of the pictures."""
    stream = container.streams.best("audio", related=video_stream(container))
    return stream if stream is not None and stream.codec_context is not None else None  # type: ignore[return-value]


def channels_of(container: "InputContainer") -> int:
    """How many channels its sound has; 0 without sound."""
    stream = audio_stream(container)
    return stream.codec_context.layout.nb_channels if stream is not None else 0


def video_stream(container: "InputContainer") -> "VideoStream | None":
    """The pictures that a player would show; the cover of an album is none."""
    from av.stream import Disposition

    stream = container.streams.best("video")
    if stream is None or stream.codec_context is None or stream.disposition & Disposition.attached_pic:
        return None
    return stream  # type: ignore[return-value]


def describe_audio(url: str, stream: "AudioStream") -> str:
    """What is heard, for people: `clip.mp4, aac 44.1 kHz stereo`."""
    context = stream.codec_context
    channels = {1: "mono", 2: "stereo"}.get(context.layout.nb_channels, context.layout.name)
    return f"{shown(url)}, {context.name} {context.sample_rate / 1000:g} kHz {channels}"


def describe_video(url: str, stream: "VideoStream") -> str:
    """What is seen, for people: `clip.mp4, h264 1280x720 25 fps`."""
    context = stream.codec_context
    rate = f" {float(stream.average_rate):g} fps" if stream.average_rate else ""
    return f"{shown(url)}, {context.name} {context.width}x{context.height}{rate}"


def why_lost(err: "FFmpegError") -> str:
    """What ended a connection, in a few words."""
    import av

    silent = isinstance(err, av.error.ExitError | TimeoutError)
    return f"nothing came for {TIMEOUT_S:g} s" if silent else str(err.strerror)


def _path(url: str) -> Path:
    """Of a file, by its path or by its `file:` address, in which a blank may be written as %20."""
    if not url.startswith("file:"):
        return Path(url)
    return Path(unquote(url.removeprefix("file:").removeprefix("//")))


def _check_file(path: Path) -> None:
    if not path.exists():
        raise SourceError(f"{path}: no such file; give a file, or an rtsp://, udp:// or http:// address")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; name one file in it")
    if path.is_file() and not path.stat().st_size:
        raise SourceError(f"{path}: is an empty file; record or copy it again")


def _check_host(url: str) -> None:
    """Look the host up in a thread: the system's resolver cannot be interrupted, and may take a minute to give up."""
    try:
        host = urlsplit(url).hostname
    except ValueError as err:
        raise SourceError(f"{shown(url)}: is no address; check it, an IPv6 host stands between [ and ]") from err
    if host is None:
        return
    found: list[bool] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError):  # not known, or too long for a name
            found.append(False)
        else:
            found.append(True)

    thread = threading.Thread(target=look_up, name="look-up", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    if found != [True]:
        raise SourceError(f"{shown(url)}: no host named {host} is known here; check the address and the network")


def _open(url: str, name: str, timeout_s: float | None) -> "InputContainer":
    import av

    network = timeout_s is not None
    try:
        return av.open(url, timeout=timeout_s, options=_OPTIONS if network else {})
    except (av.error.ExitError, TimeoutError) as err:
        raise SourceError(
            f"{name}: nothing came within {TIMEOUT_S:g} s; is the sender running, and does a firewall let it through?"
        ) from err
    except av.error.InvalidDataError as err:
        raise SourceError(
            f"{name}: is no sound or video that can be read, or is cut off or damaged; `ffprobe` on it may say more"
        ) from err
    except (av.FFmpegError, ValueError) as err:
        reason = err.strerror if isinstance(err, av.FFmpegError) else str(err)
        mend = (
            "check the address and that the sender is running"
            if network
            else "check that it can be read and is not damaged"
        )
        raise SourceError(f"{name}: cannot be opened ({reason}); {mend}") from err
