"""Readers map to the seven labels, keep speakers apart, and name what is wrong by file and row."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamer.labels import EMOTIONS
from training.corpora import CORPORA, emocontext, ferplus, goemotions, isear, meld, meld_clips, read
from training.errors import TrainingError

HEADER = "Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"


def _meld(folder: Path, rows: str | bytes) -> Path:
    (folder / "meld").mkdir()
    (folder / "meld" / "dev_sent_emo.csv").write_text(HEADER + "Hi.,Ross,joy,positive,0,0\n")
    train = rows if isinstance(rows, bytes) else (HEADER + rows).encode()
    (folder / "meld" / "train_sent_emo.csv").write_bytes(train)
    return folder


def test_a_dialogue_is_read_in_its_order_with_what_was_said_before(tmp_path: Path) -> None:
    samples = meld.read(
        _meld(
            tmp_path, "Second.,Joey,anger,negative,1,1\nFirst.,Ross,joy,positive,1,0\nOther.,Ross,fear,negative,2,0\n"
        )
    )
    first, second, other = samples[:3]
    assert (first.text, first.context) == ("First.", ())
    assert second.context == (("Ross", "First."),)
    assert other.context == ()


def test_what_was_said_in_a_dialogue_that_is_held_out_too_does_not_train(tmp_path: Path) -> None:
    header = HEADER.strip() + ",Season,Episode,StartTime,EndTime\n"
    (tmp_path / "meld").mkdir()
    (tmp_path / "meld" / "dev_sent_emo.csv").write_text(f"{header}Hi.,Ross,joy,positive,0,0,1,2,0:00:01,0:00:02\n")
    (tmp_path / "meld" / "train_sent_emo.csv").write_text(
        header
        + "Hi.,Ross,anger,negative,1,0,1,2,0:00:01,0:00:02\n"
        + "Oh.,Ross,joy,positive,1,1,1,2,0:00:03,0:00:04\n"
        + "No.,Joey,joy,positive,1,2,1,2,0:00:05,0:00:06\n"
        + "No.,Joey,joy,positive,10,0,1,2,0:00:05,0:00:06\n"
    )
    for reader in (meld, meld_clips):
        samples = reader.read(tmp_path)
        assert [(s.split, s.text) for s in samples] == [("train", "Oh."), ("calibration", "No."), ("dev", "Hi.")]
        assert samples[0].context == (("Ross", "Hi."),)  # it was said before, whoever holds it out
    (tmp_path / "meld" / "test_sent_emo.csv").write_text(
        header
        + "Hi.,Ross,joy,positive,0,0,1,2,0:00:01,0:00:02\n"
        + "Oh.,Ross,joy,positive,0,1,1,2,0:00:03,0:00:04\n"
        + "No.,Joey,joy,positive,1,0,1,2,0:00:05,0:00:06\n"
    )
    assert not meld.read(tmp_path)
    assert [(s.split, s.text) for s in meld_clips.read(tmp_path)] == [("test", "Hi."), ("test", "Oh."), ("test", "No.")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("Hi.,Ross,boredom,neutral,0,0\n", r"train_sent_emo\.csv:2: unknown label 'boredom'; known here: anger"),
        ("Hi.,Ross,joy,positive,zero,0\n", r"train_sent_emo\.csv:2: dialogue 'zero'"),
        ("Hi.,Ross,joy\n", r"train_sent_emo\.csv:2: no 'Sentiment' in this row"),
        (b"Utterance,Speaker\nHi.,Ross\n", r"train_sent_emo\.csv: no column 'Emotion'; it has Utterance, Speaker"),
        (HEADER.encode() + b"Hi \xff.,Ross,joy,positive,0,0\n", r"train_sent_emo\.csv:\d: not UTF-8.*iconv"),
        ('"Hi' + 140_000 * ".", r"train_sent_emo\.csv:\d: no readable row .*mend its quotes"),
        ("", r"train_sent_emo\.csv: has no row below its header"),
        (b"", r"train_sent_emo\.csv: no column 'Utterance'; it has nothing at all in it"),
    ],
)
def test_a_bad_row_of_meld_is_named(tmp_path: Path, rows: str | bytes, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        meld.read(_meld(tmp_path, rows))


def test_windows_apostrophes_that_came_as_control_characters_are_apostrophes(tmp_path: Path) -> None:
    samples = meld.read(_meld(tmp_path, "I\x92m here\x85,Ross,joy,positive,1,0\nOh.,Joey,joy,positive,1,1\n"))
    assert samples[0].text == "I’m here…"
    assert samples[1].context == (("Ross", "I’m here…"),)


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path: Path) -> None:
    table = f"\ufeff{HEADER}Hi.,Ross,joy,positive,1,0\n".encode()
    assert meld.read(_meld(tmp_path, table))[0].text == "Hi."


def test_a_bad_row_of_goemotions_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "text" / "goemotions"
    folder.mkdir(parents=True)
    (folder / "labels.txt").write_text("anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise\n")
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text("Fine.\t3,4\tid1\n")
    assert [round(p, 2) for p in goemotions.read(tmp_path)[0].emotion] == [0, 0, 0, 0.5, 0.5, 0, 0]
    (folder / "dev.tsv").write_text("Fine.\t3\tid1\nOdd.\t9\tid2\n")
    with pytest.raises(TrainingError, match=r"dev\.tsv:2: unknown label id '9'"):
        goemotions.read(tmp_path)
    (folder / "dev.tsv").write_text("Fine. 3\n")
    with pytest.raises(TrainingError, match=r"dev\.tsv:1: 1 fields, expected 3"):
        goemotions.read(tmp_path)


def _emocontext(folder: Path, train: str | bytes) -> Path:
    header = "id\tturn1\tturn2\tturn3\tlabel\n"
    place = folder / "text" / "emocontext"
    place.mkdir(parents=True)
    (place / "valid.txt").write_text(f'{header}0\tHi\tHello\tI am so "sad\tsad\n')
    (place / "train.txt").write_bytes(train if isinstance(train, bytes) else (header + train).encode())
    return folder


def test_a_chat_gives_its_last_turn_after_the_two_before_it(tmp_path: Path) -> None:
    rows = "".join(f'{i}\tWhy?\tWhy not\t"Fine {i}\thappy\n' for i in range(20))
    *train, valid = emocontext.read(_emocontext(tmp_path, rows))
    assert train[3].text == '"Fine 3'  # a quote is a character here, and spans no lines
    assert train[3].context == (("user", "Why?"), ("agent", "Why not"))
    assert EMOTIONS[train[3].label] == "joy"
    assert [s.split for s in train].count("calibration") == 1
    assert (valid.split, EMOTIONS[valid.label]) == ("dev", "sadness")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0\ta\tb\tc\thappy\n1\ta\tb\tc\tfurious\n", r"train\.txt:3: unknown label 'furious'; known here: happy, sad"),
        ("0\ta\tb\tc\n", r"train\.txt:2: no 'label' in this row"),
        (b"id\tturn1\tturn2\tturn3\temotion\n", r"train\.txt: no column 'label'; it has id, turn1"),
        (b"id\tturn1\tturn2\tturn3\tlabel\n0\ta\tb\tc \xff\thappy\n", r"train\.txt:\d: not UTF-8"),
    ],
)
def test_a_bad_row_of_emocontext_is_named(tmp_path: Path, rows: str | bytes, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        emocontext.read(_emocontext(tmp_path, rows))


def test_shame_and_guilt_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "text" / "isear").mkdir(parents=True)
    (tmp_path / "text" / "isear" / "isear.csv").write_text("emotion,text\njoy,Good\nshame,Bad\n")
    assert [s.text for s in isear.read(tmp_path)] == ["Good"]


def test_a_clip_with_a_name_of_another_scheme_is_named(made_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "audio" / "ravdess"
    folder.mkdir(parents=True)
    (folder / "song.opus").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"song\.opus.*scheme of ravdess"):
        CORPORA["ravdess"].read(tmp_path)


def test_clips_are_read_as_they_are_distributed_and_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "audio" / "ravdess"
    names = ("a/Actor_01/03-01-01-01-01-01-01.wav", "b/Actor_01/03-01-01-01-01-01-01.wav", "03-01-08-01-01-01-17.opus")
    for name in (*names, "a/Actor_01/03-02-01-01-01-01-01.wav", "a/Actor_01/._03-01-01-01-01-01-01.wav", "README.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    found = CORPORA["ravdess"].read(tmp_path)
    assert [(s.speaker, s.split, s.audio) for s in found] == [
        ("ravdess/17", "dev", folder / names[2]),
        ("ravdess/01", "train", folder / names[0]),
    ]


def test_the_file_of_cremad_that_came_without_sound_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "audio" / "cremad"
    folder.mkdir(parents=True)
    for name in ("1076_MTI_NEU_XX.wav", "1076_MTI_SAD_XX.wav"):
        (folder / name).write_bytes(b"")
    assert [sample.key for sample in CORPORA["cremad"].read(tmp_path)] == ["1076_MTI_NEU_XX"]


@pytest.mark.parametrize(("split", "expected"), [("test", "test"), ("PublicTest", None)])
def test_pictures_of_a_test_split_do_not_train_and_an_unknown_split_is_named(
    made_data: Path, tmp_path: Path, split: str, expected: str | None
) -> None:
    table = pq.read_table(made_data / "faces" / "ferplus.parquet")
    splits = table["split"].to_pylist()
    splits[1] = split
    (tmp_path / "faces").mkdir()
    place = table.schema.get_field_index("split")
    pq.write_table(table.set_column(place, "split", pa.array(splits)), tmp_path / "faces" / "ferplus.parquet")
    if expected is None:
        with pytest.raises(TrainingError, match=r"ferplus\.parquet:2: unknown label 'PublicTest'"):
            ferplus.read(tmp_path)
    else:
        assert {s.split for s in ferplus.read(tmp_path) if s.key == "1"} == {expected}


def test_a_picture_that_stands_in_several_splits_is_only_in_the_first(made_data: Path, tmp_path: Path) -> None:
    table = pq.read_table(made_data / "faces" / "ferplus.parquet")
    images = table["image_webp"].to_pylist()
    images[4] = images[1]  # dev, as one that trains
    images[20] = images[2]  # calibration, as another
    images[9] = images[10]  # dev, as one that calibrates
    (tmp_path / "faces").mkdir()
    place = table.schema.get_field_index("image_webp")
    pq.write_table(table.set_column(place, "image_webp", pa.array(images)), tmp_path / "faces" / "ferplus.parquet")
    kept = {int(sample.key) for sample in ferplus.read(tmp_path)}
    whole = {int(sample.key) for sample in ferplus.read(made_data)}
    assert whole - kept == {4, 20, 9}


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_corpus_that_is_not_there_says_where_it_was_looked_for(corpus: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--data is the folder that"):
        CORPORA[corpus].read(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize("corpus", CORPORA)
def test_real_corpora_have_every_split_and_no_speaker_in_two(corpus: str, shared_data: Path) -> None:
    samples = read((corpus,), shared_data)
    assert len(samples) > 500
    splits = defaultdict(set)
    for sample in samples:
        assert sum(sample.emotion) == pytest.approx(1)
        assert sum(sample.sentiment) == pytest.approx(1)
        splits[sample.split].add(sample.speaker)
    assert {"train", "dev"} <= set(splits)
    pictures = {split: {s.face for s in samples if s.split == split} - {None} for split in splits}
    assert not pictures["train"] & pictures["dev"]
    if samples[0].audio:
        assert not splits["train"] & splits["dev"]
        assert not splits["calibration"] & (splits["train"] | splits["dev"])
    assert len(np.unique([s.label for s in samples])) >= (4 if corpus == "emocontext" else 5)
