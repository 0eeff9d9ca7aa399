"""MELD's known defects, from one checked manifest; and those that the tables themselves show."""

import tomllib
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from training.corpora.meld_rows import MeldSplit, Row, Span

MANIFEST: Final = Path(__file__).with_suffix(".toml")
_LONG_GAP_S: Final = 30.0


class ClipDefect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clip whose sound and pictures are not what its row says: its words stay, the rest is masked."""

    split: MeldSplit
    dialogue: int
    utterance: int
    kind: Literal["corrupt", "missing", "wrong_cut", "out_of_sync"]
    why: str


class SharedSpan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same seconds of an episode in train and in another split."""

    train: tuple[int, int]
    """Dialogue and utterance."""
    other: tuple[int, int]
    other_split: MeldSplit
    labels: tuple[str, str]
    """In train, in the other."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is odd in one split's table; None where the table has not been counted."""

    utterances: int
    dialogues: int
    starts_before_previous: int | None = None
    overlaps_previous: int | None = None
    gap_over_30_s: int | None = None
    repeated_spans: int | None = None
    broken_numbering: int | None = None


class Defects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest."""

    version: int
    clip: tuple[ClipDefect, ...]
    unlabelled: dict[MeldSplit, tuple[str, ...]]
    shared_span: tuple[SharedSpan, ...]
    counts: dict[MeldSplit, Counts]

    def of_clip(self, row: Row) -> ClipDefect | None:
        """What is wrong with this row's clip, if anything is known."""
        place = (row.split, row.dialogue, row.clip_utterance)
        return next((d for d in self.clip if (d.split, d.dialogue, d.utterance) == place), None)


@lru_cache(maxsize=1)
def known_defects() -> Defects:
    """The manifest beside this file."""
    return msgspec.convert(tomllib.loads(MANIFEST.read_text(encoding="utf-8")), Defects)


def count(rows: list[Row]) -> Counts:
    """The oddities of one split's rows, in dialogue order."""
    dialogues: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        dialogues[row.dialogue].append(row)
    pairs = [pair for dialogue in dialogues.values() for pair in pairwise(dialogue)]
    spans = Counter(row.span for row in rows)
    return Counts(
        utterances=len(rows),
        dialogues=len(dialogues),
        starts_before_previous=sum(b.start_s < a.start_s for a, b in pairs),
        overlaps_previous=sum(b.start_s < a.end_s for a, b in pairs),
        gap_over_30_s=sum(b.start_s - a.end_s > _LONG_GAP_S for a, b in pairs),
        repeated_spans=sum(n > 1 for n in spans.values()),
        broken_numbering=sum([r.utterance for r in d] != list(range(len(d))) for d in dialogues.values()),
    )


class Shared(NamedTuple):
    """A span that several splits hold."""

    rows: tuple[Row, ...]

    @property
    def same_label(self) -> bool:
        """Whether all of them say the same emotion."""
        return len({row.emotion for row in self.rows}) == 1


def shared_spans(rows: list[Row]) -> list[Shared]:
    """The same seconds of the same episode in more than one split, whatever the manifest says."""
    by_span: dict[Span, list[Row]] = defaultdict(list)
    for row in rows:
        by_span[row.span].append(row)
    return [Shared(tuple(found)) for found in by_span.values() if len({row.split for row in found}) > 1]
