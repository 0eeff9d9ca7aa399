"""Words of a film's subtitles in the place of recognition: SubRip files."""

import codecs
import html
import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from streamer.asr.gates import Evidence, not_english
from streamer.errors import SourceError
from streamer.features.arrays import Float32
from streamer.file_names import as_text
from streamer.languages import AUTO
from streamer.messages import SAMPLE_RATE_HZ, Transcript
from streamer.settings import PAUSE_S

_TIMES: Final = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3})")
_MARKUP: Final = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_NOT_SAID: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|[♪♫]")
"""What subtitles for the deaf tell beside the words: [door slams], (sighs)."""
_SPEAKER: Final = re.compile(r"^(?:[-–—]\s*(?=\D))?(?:[^\W\d_a-z][^a-z:]{1,30}:(?=\s|$))?")
"""A dash before one of several people, and JOHN: before what he says."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said in [start_s, end_s)."""

    start_s: float
    end_s: float
    words: tuple[str, ...]


def parse_srt(text: str) -> tuple[Cue, ...]:
    """The cues of a SubRip file in order of time, without markup; what is no cue is passed over.

    What is said stands below the times of its cue, down to a blank line, or to the next times and the number above them.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    times = [(index, found) for index, line in enumerate(lines) if (found := _TIMES.search(line))]
    ends = [index for index, _ in times[1:]] + [len(lines)]
    cues = []
    for (index, found), until in zip(times, ends, strict=False):  # without any times there is still the end
        said = lines[index + 1 : until]
        if until < len(lines) and said and said[-1].isdecimal():  # the number of the next cue, which is often missing
            said.pop()
        words = _words(list(takewhile(bool, said)))
        start_s, end_s = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        if words and end_s > start_s:
            cues.append(Cue(start_s, end_s, words))
    return tuple(sorted(cues, key=lambda cue: cue.start_s))


def _words(lines: list[str]) -> tuple[str, ...]:
    """What is said in a cue."""
    shown = html.unescape(_MARKUP.sub(" ", "\n".join(lines)))
    spoken = (_SPEAKER.sub("", line.strip()) for line in _NOT_SAID.sub(" ", shown).split("\n"))
    return tuple(" ".join(spoken).split())


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def words_between(cues: tuple[Cue, ...], start_s: float, end_s: float) -> str:
    """The words that are said in [start_s, end_s): those of a cue are spread evenly over its time, each counts by its middle.

    So a cue that two utterances share gives each its words, and none twice.
    """
    return " ".join(
        word
        for cue in cues
        for index, word in enumerate(cue.words)
        if start_s <= cue.start_s + (index + 0.5) / len(cue.words) * (cue.end_s - cue.start_s) < end_s
    )


def open_subtitles(path: Path, language: str = "en") -> "Subtitles":
    """Read a file.

    Args:
        path: Of SubRip.
        language: As `asr.language`; only English words are judged, and `auto` leaves it open.

    Raises:
        SourceError: it cannot be read, or has no cue.
    """
    try:
        encoded = path.read_bytes()
    except OSError as err:
        raise SourceError(f"{path}: cannot be read: {err.strerror}") from err
    cues = parse_srt(_decoded(encoded))
    if not cues:
        raise SourceError(
            f"{path}: has no cue such as `00:00:01,000 --> 00:00:02,500`; subtitles must be SubRip (.srt)"
        )
    return Subtitles(cues, f"subtitles/{as_text(path.name)}", language)


def _decoded(encoded: bytes) -> str:
    """Text in the encodings that subtitle files come in."""
    if encoded.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return encoded.decode("utf-16", errors="replace")
    try:
        return encoded.decode("utf-8-sig")
    except UnicodeDecodeError:
        return encoded.decode("cp1252", errors="replace")  # what old files are written in


class Subtitles:
    """A recogniser that reads."""

    pause_s = PAUSE_S

    def __init__(self, cues: tuple[Cue, ...], name: str, language: str = "en") -> None:
        self.name = name
        self._cues = cues
        self._language = "en" if language == AUTO else language

    def begin(self, start_s: float, *, source: str = "", in_step: bool = False) -> "Reading":
        """Where in the film the utterance begins is all that matters."""
        del source, in_step
        return Reading(self._cues, self.name, start_s, self._language)

    def forget(self) -> None:
        """They know nothing of voices."""

    def close(self) -> None:
        """Nothing is held."""


class Reading:
    """One utterance's words."""

    def __init__(self, cues: tuple[Cue, ...], engine: str, start_s: float, language: str) -> None:
        self._cues = cues
        self._language = language
        self._engine = engine
        self._start_s = start_s
        self._samples = 0

    def push(self, waveform: Float32) -> None:
        """Only how much time passes matters."""
        self._samples += waveform.shape[0]

    def partial(self) -> str:
        """The words until now."""
        return words_between(self._cues, self._start_s, self._start_s + self._samples / SAMPLE_RATE_HZ)

    def speculate(self) -> None:
        """Reading costs nothing."""

    def provisional(self) -> Transcript:
        """They are always known."""
        return self.finish(self._samples / SAMPLE_RATE_HZ)

    def resume(self) -> None:
        """Nothing was begun."""

    def finish(self, duration_s: float) -> Transcript:
        """The words of the utterance's time."""
        text = words_between(self._cues, self._start_s, self._start_s + duration_s)
        evidence = Evidence(text, duration_s, loudest_dbfs=0.0, language=self._language)
        return Transcript(text, None, self._engine, not_english(evidence) if text else None)
