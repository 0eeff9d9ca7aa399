"""MELD as distributed: its layouts, its known defects, and rows that are wrong."""

import shutil
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from training.corpora import meld_clips
from training.corpora.meld_defects import count, known_defects, shared_spans
from training.corpora.meld_rows import MeldSplit, read_table, read_tables
from training.errors import TrainingError
from training.mini_meld import make


def test_the_splits_lie_as_in_the_archive_and_each_tenth_dialogue_calibrates(mini_meld: Path) -> None:
    samples = meld_clips.read(mini_meld)
    assert Counter(s.split for s in samples) == {"train": 14, "calibration": 7, "dev": 8, "test": 7}
    assert len({s.key for s in samples}) == len(samples)
    third = next(s for s in samples if s.key.endswith("dia1_utt2"))
    assert [turn.text for turn in third.context] == [s.text for s in samples if s.dialogue == "train/1"][:2]


def test_two_makings_are_the_same_bytes(mini_meld: Path, tmp_path: Path) -> None:
    make(tmp_path)
    for path in sorted(mini_meld.rglob("*.mp4"))[::7]:
        assert (tmp_path / path.relative_to(mini_meld)).read_bytes() == path.read_bytes()


def test_a_folder_with_other_files_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(TrainingError, match="holds other files"):
        make(tmp_path)


@pytest.mark.parametrize("layout", ["meld", "MELD.Raw", "flat"])
def test_the_usual_layouts_are_found(mini_meld: Path, tmp_path: Path, layout: str) -> None:
    if layout == "flat":
        for path in (*mini_meld.glob("*/*.csv"), *mini_meld.glob("*/*_*/")):
            (tmp_path / path.name).symlink_to(path)
    else:
        (tmp_path / layout).symlink_to(mini_meld)
    samples = meld_clips.read(tmp_path)
    assert len(samples) == 36
    assert sum(s.video is not None for s in samples) == 34


def test_what_is_known_or_not_there_keeps_its_label_and_says_why(mini_meld: Path, tmp_path: Path) -> None:
    shutil.copytree(mini_meld, tmp_path / "meld")
    (tmp_path / "meld" / "dev" / "dev_splits_complete" / "dia1_utt1.mp4").unlink()
    reasons = [s.reason for s in meld_clips.read(tmp_path) if s.video is None]
    assert len(reasons) == 3
    assert "train_sent_emo.csv:22: dia125_utt3 is known to be corrupt" in str(reasons[0])
    assert "dev_sent_emo.csv:6: dia1_utt1.mp4 is not in" in str(reasons[1])
    assert "dia110_utt7 is known to be missing" in str(reasons[2])


def _changed(mini_meld: Path, tmp_path: Path, old: bytes, new: bytes) -> Path:
    table = tmp_path / "train" / "train_sent_emo.csv"
    table.parent.mkdir()
    table.write_bytes((mini_meld / "train" / "train_sent_emo.csv").read_bytes().replace(old, new, 1))
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"Emotion", b"Feeling", r"train_sent_emo\.csv: no column 'Emotion'; it has Sr No\., Utterance"),
        (b"anger", b"anxiety", r"train_sent_emo\.csv:2: unknown label 'anxiety'"),
        (b"00:01:05,000", b"soon", r"train_sent_emo\.csv:2: 'soon' is no time"),
        (b",0,1,1,1,", b",0,one,1,1,", r"train_sent_emo\.csv:3: Utterance_ID is 'one'"),
        ("I’m".encode(), "I’m".encode("cp1252"), r"train_sent_emo\.csv:\d+: not UTF-8"),
    ],
)
def test_a_wrong_row_is_named(mini_meld: Path, tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        meld_clips.read(_changed(mini_meld, tmp_path, old, new))


def test_a_realigned_table_gives_the_order_and_the_original_one_the_words(mini_meld: Path, tmp_path: Path) -> None:
    shutil.copytree(mini_meld, tmp_path / "meld")
    for split in ("train", "dev", "test"):
        _realign(tmp_path / "meld" / split / f"{split}_sent_emo.csv")
    original = [s for s in meld_clips.read(tmp_path) if s.dialogue == "train/2"]
    realigned = [s for s in meld_clips.read_realigned(tmp_path) if s.dialogue == "train/2"]
    assert [s.text for s in realigned] == [original[1].text, original[0].text, original[2].text]
    assert [s.video and s.video.name for s in realigned] == ["dia2_utt1.mp4", "dia2_utt0.mp4", "dia2_utt2.mp4"]


def _realign(table: Path) -> None:
    """The first two utterances of each dialogue change places."""
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    made = [header.replace("Utterance_ID", "Original Utterance_ID,Utterance_ID")]
    for row in rows:
        head, times = row.split(',"00:', 1) if ',"00:' in row else row.split(',"0', 1)
        mark = ',"00:' if ',"00:' in row else ',"0'
        start, utterance, season, episode = head.rsplit(",", 3)
        swapped = {"0": "1", "1": "0"}.get(utterance, utterance)
        made.append(f"{start},{utterance},{swapped},{season},{episode}{mark}{times}")
    table.with_name(f"realigned_{table.name}").write_text("\n".join(made), encoding="utf-8")


def test_the_same_seconds_in_two_splits_are_found(mini_meld: Path) -> None:
    rows = [row for table in read_tables(mini_meld) for row in table.rows]
    dev = next(row for row in rows if row.split == "dev")
    twin = msgspec.structs.replace(dev, split="train", emotion="joy")
    (found,) = shared_spans([*rows, twin])
    assert not found.same_label


@pytest.mark.data
def test_the_manifest_of_defects_is_what_the_tables_show(shared_data: Path) -> None:
    tables = read_tables(shared_data)
    manifest = known_defects()
    for table in tables:
        assert count(table.rows) == manifest.counts[table.rows[0].split]
    rows = {(r.split, r.dialogue, r.utterance): r for table in tables for r in table.rows}
    for defect in manifest.clip:
        assert defect.split == "test" or (defect.split, defect.dialogue, defect.utterance) in rows
    found = {(s.rows[0].dialogue, s.rows[0].utterance) for s in shared_spans(list(rows.values()))}
    assert found == {s.train for s in manifest.shared_span}
    for span in manifest.shared_span:
        pair = rows["train", *span.train], rows[span.other_split, *span.other]
        assert tuple(row.emotion for row in pair) == span.labels


@pytest.mark.data
@pytest.mark.parametrize(("split", "moved"), [("train", ["dia556_utt6"]), ("dev", [])])
def test_the_realigned_tables_number_the_same_clips_anew_and_give_the_same_times(
    shared_data: Path, split: MeldSplit, moved: list[str]
) -> None:
    original, realigned = read_table(shared_data, split), read_table(shared_data, split, realigned=True)
    assert original is not None
    assert realigned is not None
    times = {row.name: (row.start_s, row.end_s) for row in original.rows}
    assert [row.name for row in realigned.rows if times[row.name] != (row.start_s, row.end_s)] == moved
    assert sorted(row.name for row in realigned.rows) == sorted(times)


@pytest.mark.data
def test_the_praat_values_lack_the_clips_that_the_manifest_calls_corrupt_or_missing(shared_data: Path) -> None:
    for split in ("train", "dev"):
        lines = (shared_data / "meld" / f"audio8_praat_{split}.csv").read_text(encoding="utf-8").splitlines()[1:]
        heard = {line.split(".wav", 1)[0] for line in lines}
        table = read_table(shared_data, split)
        assert table is not None
        named = {row.name for row in table.rows}
        defects = {d for d in known_defects().clip if d.split == split and d.kind in {"corrupt", "missing"}}
        assert named - heard == {f"dia{d.dialogue}_utt{d.utterance}" for d in defects}
        assert heard - named == set(known_defects().unlabelled.get(split, ()))
