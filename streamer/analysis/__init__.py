"""From what is heard and seen to events: the work that goes on while speech does."""

from streamer.analysis.analyzer import Analyzer
from streamer.analysis.status import Status

__all__ = ["Analyzer", "Status"]
