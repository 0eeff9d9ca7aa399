"""When somebody truly speaks in a recording: RTTM or STM beside it, or as given."""

from pathlib import Path
from typing import Final, NamedTuple

from streamer.errors import ConfigError

SUFFIXES: Final = (".rttm", ".stm")


class Turn(NamedTuple):
    """One stretch of speech, in seconds on the recording's clock."""

    start_s: float
    end_s: float


def truth_beside(recording: Path) -> Path:
    """The file with the times of `clip.mp4`: `clip.rttm` or `clip.stm`.

    Raises:
        ConfigError: there is none.
    """
    for suffix in SUFFIXES:
        if (path := recording.with_suffix(suffix)).is_file():
            return path
    raise ConfigError(
        f"{recording}: no {recording.stem}.rttm or {recording.stem}.stm beside it says when somebody speaks; give --rttm FILE"
    )


def read_turns(path: Path, *, closer_than_s: float) -> list[Turn]:
    """The turns of an RTTM or STM file in time order; those with less than `closer_than_s` between them are one.

    Raises:
        ConfigError: the file cannot be read, or a line is not of its format.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot be read ({err})") from err
    read = _stm if path.suffix == ".stm" else _rttm
    turns = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith(";;") or (read is _rttm and words[0] != "SPEAKER"):
            continue
        try:
            turns.append(read(words))
        except (ValueError, IndexError) as err:
            raise ConfigError(f"{path}:{number}: no {path.suffix.upper()[1:]} line: {line!r}") from err
    return _joined(sorted(turns), closer_than_s)


def _rttm(words: list[str]) -> Turn:
    """`SPEAKER file channel start duration …`."""
    start_s = float(words[3])
    return Turn(start_s, start_s + float(words[4]))


def _stm(words: list[str]) -> Turn:
    """`file channel speaker start end [label] words`."""
    return Turn(float(words[3]), float(words[4]))


def _joined(turns: list[Turn], closer_than_s: float) -> list[Turn]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and turn.start_s - joined[-1].end_s < closer_than_s:
            joined[-1] = Turn(joined[-1].start_s, max(joined[-1].end_s, turn.end_s))
        else:
            joined.append(turn)
    return joined
