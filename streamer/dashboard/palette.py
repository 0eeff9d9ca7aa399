"""Colours and signs. The colours are Okabe and Ito's (2008), which people with any colour vision tell apart.

Words, lengths and heights say everything too: no meaning hangs on a colour alone.
"""

from typing import Final

from streamer.labels import Emotion, Sentiment
from streamer.wire import Activity

EMOTION: Final[dict[Emotion, str]] = {
    "anger": "#d55e00",
    "disgust": "#009e73",
    "fear": "#cc79a7",
    "joy": "#f0e442",
    "neutral": "#9a9a9a",
    "sadness": "#56b4e9",
    "surprise": "#e69f00",
}
SENTIMENT: Final[dict[Sentiment, str]] = {"negative": "#d55e00", "neutral": "#9a9a9a", "positive": "#56b4e9"}
ACTIVITY: Final[dict[Activity, tuple[str, str]]] = {
    "starting": ("◌", "#9a9a9a"),
    "idle": ("○", "#9a9a9a"),
    "speaking": ("●", "#56b4e9"),
    "pause": ("◐", "#f0e442"),
    "ended": ("■", "#9a9a9a"),
    "failed": ("✖", "#d55e00"),
}
TRACK: Final = "#3f3f3f"
"""What is left of a bar."""
DIM: Final = "#8a8a8a"
BRIGHT: Final = "bold #ffffff"
TEXT: Final = "#d0d0d0"
METER: Final = "#56b4e9"
WARNING: Final = "#e69f00"
