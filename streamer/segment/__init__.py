"""When speech begins, pauses and ends: voice activity, the pure segmenter, and windows where there is no microphone."""

from streamer.segment.segment import (
    QUIETEST_VOICE_DBFS,
    SILENCE_DBFS,
    TOO_QUIET,
    Segment,
    level_dbfs,
    loudest_dbfs,
)
from streamer.segment.voice_activity import VoiceActivity, open_voice_session
from streamer.segment.windows import FaceWindows

__all__ = [
    "QUIETEST_VOICE_DBFS",
    "SILENCE_DBFS",
    "TOO_QUIET",
    "FaceWindows",
    "Segment",
    "VoiceActivity",
    "level_dbfs",
    "loudest_dbfs",
    "open_voice_session",
]
