"""Why a bundle was not written."""

from streamer.errors import StreamerError


class ExportError(StreamerError, ValueError):
    """The exported graphs differ from torch, or the bundle does not keep its promises; nothing was written."""
