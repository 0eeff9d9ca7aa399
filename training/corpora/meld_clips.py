"""MELD with its clips, as distributed: words from the tables, voice and face of the same moment from `dia{D}_utt{U}.mp4`.

No utterance is dropped because its clip is of no use: it keeps its label and its words, sound and pictures are absent, and the reason
stands in `Sample.reason`, beginning with file and row.
"""

from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from streamer.features import ContextTurn
from training.corpora.meld_defects import known_defects
from training.corpora.meld_rows import (
    MELD_SPLITS,
    MeldSplit,
    Row,
    Span,
    Table,
    clip_folder,
    counted_in,
    own_split,
    read_table,
)
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, sentiment_of

_CONTEXT: Final = 8


def read(data: Path) -> list[Sample]:
    """The splits that are there, with the dialogue so far, in dialogue order.

    Raises:
        TrainingError: there is no table of train, dev or test, or one is wrong; it names file and row.
    """
    return _read(data, realigned=False)


def read_realigned(data: Path) -> list[Sample]:
    """The same utterances in the order that MELD-FAIR found (Carneiro, Weber & Wermter, 2023), where its tables are there.

    The order is all that the tables give: their times are the original ones, so no clip's sound or pictures can be cut by them. (One row,
    train dia556_utt6, is of another moment than the one that the original table gives its clip.) What is said by whom is therefore that
    of the original tables; the realigned ones have lost their apostrophes besides.
    """
    return _read(data, realigned=True)


def _read(data: Path, *, realigned: bool) -> list[Sample]:
    samples: list[Sample] = []
    counted = counted_in(data)
    for split in MELD_SPLITS:
        table = read_table(data, split)
        if table is None:
            continue
        if realigned:
            table = _in_found_order(data, split, table)
        folder = clip_folder(data, split)
        for _, dialogue in groupby(table.rows, key=lambda row: row.dialogue):
            samples += _dialogue(table.path, list(dialogue), folder, counted)
    if not samples:
        raise TrainingError(
            f"{data}: no train/train_sent_emo.csv, dev/… or test/… there; --data is the folder that MELD was unpacked in"
        )
    return samples


def _in_found_order(data: Path, split: MeldSplit, table: Table) -> Table:
    found = read_table(data, split, realigned=True)
    if found is None:
        raise TrainingError(f"{data}: no realigned_{split}_sent_emo.csv; it is part of MELD-FAIR")
    original = {row.name: row for row in table.rows}
    unknown = [row for row in found.rows if row.name not in original]
    if unknown:
        raise TrainingError(f"{found.path}:{unknown[0].line}: {unknown[0].name} is not in {table.path}")
    rows = [msgspec.structs.replace(original[row.name], line=row.line, utterance=row.utterance) for row in found.rows]
    return Table(found.path, rows)


def _dialogue(path: Path, rows: list[Row], folder: Path | None, counted: dict[Span, Split]) -> list[Sample]:
    samples: list[Sample] = []
    turns: list[ContextTurn] = []
    for row in rows:
        clip, reason = _clip(path, row, folder)
        split = own_split(row.split, row.dialogue)
        # What counts in another split does not in this one; the turn itself belongs to the dialogue all the same.
        if counted.get(row.span, split) == split:
            samples.append(
                Sample(
                    corpus="meld-clips",
                    key=f"{path}:{row.line}: {row.name}",
                    split=split,
                    emotion=emotion_of(row.emotion),
                    sentiment=sentiment_of(row.sentiment),
                    speaker=row.speaker,
                    text=row.text,
                    context=tuple(turns[-_CONTEXT:]),
                    audio=clip,
                    video=clip,
                    reason=reason,
                    dialogue=f"{row.split}/{row.dialogue}",
                )
            )
        turns.append(ContextTurn(row.speaker, row.text))
    return samples


def _clip(path: Path, row: Row, folder: Path | None) -> tuple[Path | None, str | None]:
    """The row's clip, or why there is none."""
    where = f"{path}:{row.line}: {row.name}"
    defect = known_defects().of_clip(row)
    if defect is not None:
        return None, f"{where} is known to be {defect.kind.replace('_', ' ')}: {defect.why}"
    if folder is None:
        return None, f"{path}: there are no clips of {row.split} beside it; its words alone count"
    clip = folder / f"{row.name}.mp4"
    return (clip, None) if clip.is_file() else (None, f"{where}.mp4 is not in {folder}")


def clip_name(sample: Sample) -> str:
    """`dia{D}_utt{U}` of a sample of this corpus."""
    return sample.key.rpartition(" ")[2]


def split_of(sample: Sample) -> MeldSplit:
    """Which of MELD's own splits it is of: calibration is a part of train."""
    return "train" if sample.split == "calibration" else sample.split
