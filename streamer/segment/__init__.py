"""When speech begins, pauses and ends: voice activity, the pure segmenter, and windows where there is no microphone."""

from streamer.segment.segment import Segment
from streamer.segment.voice_activity import VoiceActivity, open_voice_session
from streamer.segment.windows import FaceWindows

__all__ = ["FaceWindows", "Segment", "VoiceActivity", "open_voice_session"]
