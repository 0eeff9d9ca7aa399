"""Against words that nobody said: each gate looks at one thing and says, for people to read, why the words are not to be believed.

Recognisers put words into noise and silence. Whisper's habits are known: phrases of its training films, loops, far more text than
there was time to speak. Rejected words are still published; they are not used for the emotion.
"""

import re
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

from streamer.segment import QUIETEST_VOICE_DBFS


class Evidence(NamedTuple):
    """What there is to judge by; None where an engine does not tell."""

    text: str
    duration_s: float
    loudest_dbfs: float
    """RMS of the loudest 32 ms."""
    confidence: float | None = None
    no_speech_prob: float | None = None
    avg_logprob: float | None = None
    """Natural logarithm, per token."""
    language: str = "en"


Gate = Callable[[Evidence], str | None]

MAX_NO_SPEECH_PROB: Final = 0.6
MIN_AVG_LOGPROB: Final = -1.0
MAX_COMPRESSION_RATIO: Final = 2.4
"""Of the text; beyond, it says the same again and again. This and the two above are the thresholds of Whisper's own decoder."""
MAX_WORDS_PER_S: Final = 8.0
SURE: Final = 0.8
"""With this confidence even a phrase that Whisper likes to invent was said."""
_COMPRESSIBLE_CHARS: Final = 60
"""In a shorter text the ratio says nothing."""
_MOST_REPEATS: Final = {1: 6, 2: 4, 3: 3, 4: 3}
"""Words of a phrase -> times it may follow itself; people do say `no, no, no, no`."""
_INVENTED: Final = frozenset(
    {
        "amara org",
        "bye",
        "bye bye",
        "like and subscribe",
        "music",
        "please subscribe",
        "please subscribe to my channel",
        "see you in the next video",
        "see you next time",
        "subscribe to my channel",
        "subtitles by the amara org community",
        "thank you",
        "thank you for watching",
        "thank you so much for watching",
        "thank you very much",
        "thanks for watching",
        "transcription by castingwords",
        "you",
    }
)
"""What Whisper makes of silence and music: closing words of films."""


def too_quiet(evidence: Evidence) -> str | None:
    """No voice is that low."""
    if evidence.loudest_dbfs < QUIETEST_VOICE_DBFS:
        return f"too quiet for words: {evidence.loudest_dbfs:.0f} dBFS at its loudest"
    return None


def no_speech(evidence: Evidence) -> str | None:
    """The engine itself thinks that nobody spoke, and is not sure of its words either."""
    if evidence.no_speech_prob is None or evidence.avg_logprob is None:
        return None
    if evidence.no_speech_prob > MAX_NO_SPEECH_PROB and evidence.avg_logprob < MIN_AVG_LOGPROB:
        return f"probably no speech: probability {evidence.no_speech_prob:.2f}, words at {evidence.avg_logprob:.1f}"
    return None


def too_fast(evidence: Evidence) -> str | None:
    """Nobody speaks that fast."""
    words = len(evidence.text.split())
    if words > 3 and words > MAX_WORDS_PER_S * evidence.duration_s:
        return f"more words than can be spoken: {words} in {evidence.duration_s:.1f} s"
    return None


def says_the_same_again(evidence: Evidence) -> str | None:
    """A loop of the decoder: a phrase that follows itself, or a text that compresses as no speech does."""
    words = _plain(evidence.text).split()
    for length, most in _MOST_REPEATS.items():
        same = 0
        for at in range(length, len(words)):
            same = same + 1 if words[at] == words[at - length] else 0
            if same >= length * most:
                return f"repeats itself: {' '.join(words[at + 1 - length : at + 1])!r}"
    encoded = evidence.text.encode()
    if (
        len(encoded) >= _COMPRESSIBLE_CHARS
        and (ratio := len(encoded) / len(zlib.compress(encoded))) > MAX_COMPRESSION_RATIO
    ):
        return f"repeats itself: compresses {ratio:.1f} times"
    return None


def often_invented(evidence: Evidence) -> str | None:
    """A phrase that Whisper says to silence, without being sure of it."""
    if (
        evidence.no_speech_prob is not None
        and (evidence.confidence or 0.0) < SURE
        and _plain(evidence.text) in _INVENTED
    ):
        return f"a phrase that Whisper often invents, confidence {evidence.confidence or 0.0:.2f}"
    return None


def not_english(evidence: Evidence) -> str | None:
    """The shipped text network would read nonsense."""
    if evidence.language != "en":
        return f"speech is {evidence.language}, the text network reads English"
    return None


GATES: Final[tuple[Gate, ...]] = (too_quiet, no_speech, too_fast, says_the_same_again, often_invented, not_english)


def rejection(evidence: Evidence, min_confidence: float) -> str | None:
    """Why the words are not to be believed; None where they are, or where there are none."""
    if not evidence.text:
        return None
    for gate in GATES:
        if reason := gate(evidence):
            return reason
    if evidence.confidence is not None and evidence.confidence < min_confidence:
        return f"ASR confidence {evidence.confidence:.2f} is below {min_confidence:.2f}"
    return None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower()).split())
