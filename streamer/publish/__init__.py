"""PUBLISH: the one thread that stamps events and hands them to ZeroMQ, to the recording and to readers in this process."""

from streamer.publish.publisher import Publisher
from streamer.publish.stamp import Draft

__all__ = ["Draft", "Publisher"]
