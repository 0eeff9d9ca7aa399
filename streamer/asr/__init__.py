"""What was said: engines behind one interface, and the gates against words that nobody said."""

from streamer.asr.engines import OpenedRecogniser, fetch_model, open_recogniser, pinned
from streamer.asr.recogniser import Recogniser, Recognition
from streamer.asr.subtitles import open_subtitles
from streamer.asr.whisper import Device

__all__ = [
    "Device",
    "OpenedRecogniser",
    "Recogniser",
    "Recognition",
    "fetch_model",
    "open_recogniser",
    "open_subtitles",
    "pinned",
]
