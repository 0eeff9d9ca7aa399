"""MELD's tables as they are distributed: where they and their clips lie, and what a row says. Column names stand here and in `meld`."""

from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import msgspec

from streamer.labels import Emotion, Sentiment
from training.corpora.tables import known, rows, typeset
from training.errors import TrainingError
from training.samples import Split

MeldSplit = Literal["train", "dev", "test"]
MELD_SPLITS: Final[tuple[MeldSplit, ...]] = get_args(MeldSplit)

CLIP_FOLDERS: Final[dict[MeldSplit, str]] = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
_ROOTS: Final = ("", "meld", "MELD.Raw", "MELD")
"""Where in the folder given as `--data` the archive may have been unpacked."""

_EMOTIONS: Final[dict[str, Emotion]] = {e: e for e in get_args(Emotion)}
_SENTIMENTS: Final[dict[str, Sentiment]] = {s: s for s in get_args(Sentiment)}
_LABELS: Final = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")
_TIMES: Final = ("Season", "Episode", "StartTime", "EndTime")
_ORIGINAL: Final = "Original Utterance_ID"
"""The realigned tables number anew; clips keep the original number."""


_CALIBRATION_EVERY: Final = 10
"""Of the training dialogues, each tenth is kept for calibration: dev is only reported."""
_FARTHER: Final[tuple[Split, ...]] = ("train", "calibration", "dev", "test")
"""Each is farther from training than those before it."""

Span = tuple[str, ...]
"""Where in the series something is said, as the tables write it; empty where a table has no times."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One utterance of a table."""

    line: int
    split: MeldSplit
    dialogue: int
    utterance: int
    """Its place in the dialogue."""
    clip_utterance: int
    """The number in its clip's name; another than `utterance` where MELD-FAIR numbered anew."""
    speaker: str
    text: str
    emotion: Emotion
    sentiment: Sentiment
    span: Span
    episode: tuple[int, int]
    """Season and episode."""
    start_s: float
    """In the episode."""
    end_s: float

    @property
    def name(self) -> str:
        """Of its clip, without the ending."""
        return f"dia{self.dialogue}_utt{self.clip_utterance}"


class Table(NamedTuple):
    """One split's file and its rows in dialogue order."""

    path: Path
    rows: list[Row]


def table_path(data: Path, split: MeldSplit, *, realigned: bool = False) -> Path | None:
    """Where the split's table lies: beside its clips, as in the archive, or at the top, as in the authors' repository."""
    name = f"{'realigned_' if realigned else ''}{split}_sent_emo.csv"
    places = [data / root / folder / name for root in _ROOTS for folder in (split, "")]
    return next((path for path in places if path.is_file()), None)


def clip_folder(data: Path, split: MeldSplit) -> Path | None:
    """Where the split's clips lie; None where there are none."""
    name = CLIP_FOLDERS[split]
    places = [data / root / folder / name for root in _ROOTS for folder in (split, "")]
    return next((path for path in places if path.is_dir()), None)


def read_table(data: Path, split: MeldSplit, *, realigned: bool = False) -> Table | None:
    """A split's rows; None where the split is not there.

    Raises:
        TrainingError: a column is missing, the file is not UTF-8, or a row's label, number or time is none; it names file and row.
    """
    path = table_path(data, split, realigned=realigned)
    if path is None:
        return None
    columns = (*_LABELS, *_TIMES, *((_ORIGINAL,) if realigned else ()))
    found = [_row(path, line, row, split) for line, row in rows(path, columns)]
    return Table(path, sorted(found, key=lambda row: (row.dialogue, row.utterance)))


def read_tables(data: Path, splits: tuple[MeldSplit, ...] = MELD_SPLITS) -> list[Table]:
    """The tables that are there.

    Raises:
        TrainingError: none is; or as `read_table`.
    """
    found = [table for split in splits if (table := read_table(data, split))]
    if not found:
        raise TrainingError(
            f"{data}: no {splits[0]}_sent_emo.csv there, nor in its {splits[0]}/ or meld/; --data is MELD's folder"
        )
    return found


def own_split(split: MeldSplit, dialogue: int) -> Split:
    """Ours of a dialogue of one of MELD's."""
    return "calibration" if split == "train" and dialogue % _CALIBRATION_EVERY == 0 else split


def span_of(row: dict[str, str]) -> Span:
    """See `Span`."""
    found = tuple(row.get(name) or "" for name in _TIMES)
    return found if all(found) else ()


def counted_in(data: Path) -> dict[Span, Split]:
    """The split of every span of the tables that are there; of what stands in several, the one that is farthest from training.

    A few utterances stand in two dialogues, of which one is held out: there they count, in the other they are context alone.

    Raises:
        TrainingError: as `read_table`.
    """
    found: dict[Span, Split] = {}
    tables = [(split, path) for split in MELD_SPLITS if (path := table_path(data, split))]
    for split, path in tables:
        for line, row in rows(path, ("Dialogue_ID",)):
            own, span = own_split(split, _number(path, line, row, "Dialogue_ID")), span_of(row)
            if span:
                found[span] = max(own, found.get(span, own), key=_FARTHER.index)
    return found


def _row(path: Path, line: int, row: dict[str, str], split: MeldSplit) -> Row:
    return Row(
        line=line,
        split=split,
        dialogue=_number(path, line, row, "Dialogue_ID"),
        utterance=_number(path, line, row, "Utterance_ID"),
        clip_utterance=_number(path, line, row, _ORIGINAL if _ORIGINAL in row else "Utterance_ID"),
        speaker=row["Speaker"],
        text=typeset(row["Utterance"]),
        emotion=known(path, line, _EMOTIONS, row["Emotion"]),
        sentiment=known(path, line, _SENTIMENTS, row["Sentiment"]),
        span=span_of(row),
        episode=(_number(path, line, row, "Season"), _number(path, line, row, "Episode")),
        start_s=_seconds(path, line, row["StartTime"]),
        end_s=_seconds(path, line, row["EndTime"]),
    )


def _number(path: Path, line: int, row: dict[str, str], column: str) -> int:
    try:
        return int(row[column])
    except ValueError:
        raise TrainingError(f"{path}:{line}: {column} is {row[column]!r}, not a number") from None


def _seconds(path: Path, line: int, text: str) -> float:
    """`HH:MM:SS,mmm`; the realigned tables write a point."""
    try:
        hours, minutes, seconds = text.strip().replace(",", ".").split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        raise TrainingError(f"{path}:{line}: {text!r} is no time like 00:16:16,059") from None
