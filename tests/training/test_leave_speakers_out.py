"""Every speaker is a stranger once: who is left out when, and what is said of them all."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from training.errors import TrainingError
from training.leave_speakers_out import Folds, OutOfFold, interval, leave_speakers_out
from training.metrics import bootstrap, unweighted_recall
from training.progress import Progress
from training.recipes import find
from training.samples import Sample, emotion_of, implied_sentiment
from training.speakers import Fold, folded
from training.stages.unimodal import BEST

_JOY = emotion_of("joy")


def _sample(corpus: str, speaker: str | None, key: str = "a") -> Sample:
    return Sample(
        corpus=corpus,
        key=key,
        split="calibration",
        emotion=_JOY,
        sentiment=implied_sentiment(_JOY),
        speaker=speaker and f"{corpus}/{speaker}",
    )


@given(st.integers(2, 6), st.lists(st.integers(6, 30), min_size=1, max_size=3))
def test_every_speaker_is_left_out_once_and_trains_in_all_other_folds(folds: int, sizes: list[int]) -> None:
    samples = [_sample(f"c{c}", f"{s:02d}", key) for c, n in enumerate(sizes) for s in range(n) for key in "ab"]
    found = [folded(samples, Fold(index, folds)) for index in range(folds)]
    for of_one in zip(*found, strict=True):
        assert sorted(s.split for s in of_one) == ["dev"] + ["train"] * (folds - 1)
    for fold in found:
        left_out = {s.speaker for s in fold if s.split == "dev"}
        assert not left_out & {s.speaker for s in fold if s.split == "train"}
        for corpus, size in enumerate(sizes):
            own = [name for name in left_out if name and name.startswith(f"c{corpus}/")]
            assert size // folds <= len(own) <= size // folds + 1


def test_without_a_fold_the_samples_are_as_they_were() -> None:
    samples = [_sample("nemo", "WR0")]
    assert folded(samples, None) is samples


def test_who_cannot_be_left_out_is_said() -> None:
    with pytest.raises(TrainingError, match="emovo: 1 speakers cannot be dealt out to 5 folds; ask for fewer"):
        folded([_sample("emovo", "f1")], Fold(0, 5))
    with pytest.raises(TrainingError, match="ferplus: does not say who speaks"):
        folded([_sample("ferplus", None)], Fold(0, 2))


def test_an_interval_is_over_speakers_whose_clips_are_alike() -> None:
    speaker = np.repeat([f"s{i}" for i in range(8)], 50)
    true = np.tile(np.array([0, 1], np.int64), 200)
    predicted = np.where(
        np.repeat(np.arange(8) < 4, 50), true, 1 - true
    )  # all right of one half, all wrong of the other
    of_clips = bootstrap(unweighted_recall, true, predicted)
    of_speakers = interval(OutOfFold(np.full(400, "c"), speaker, true, predicted))
    assert of_speakers.value == of_clips.value == pytest.approx(0.5)
    assert of_speakers.high - of_speakers.low > 4 * (of_clips.high - of_clips.low)


def _folds(data: Path, out: Path, *, epochs: int | None = None) -> Folds:
    progress = Progress(Console(quiet=True))
    return Folds(find("small", "tiny"), data, out, out.parent / "cache", 2, progress, epochs=epochs)


def test_the_table_comes_when_all_folds_are_there_and_what_is_finished_is_not_trained_again(
    made_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "strangers"
    assert leave_speakers_out(_folds(made_data, out), only=(2,)) is None
    assert not (out / "leave-speakers-out.md").exists()
    trained = (out / "fold-2-of-2" / "audio-speech" / BEST).stat().st_mtime_ns
    rows = leave_speakers_out(_folds(made_data, out), only=())
    assert (out / "fold-2-of-2" / "audio-speech" / BEST).stat().st_mtime_ns == trained
    assert rows
    assert [row[:4] for row in rows] == [("ravdess", "nothing", "32", "4"), ("ravdess", "8 clips", "32", "4")]
    with (out / "leave-speakers-out.csv").open(encoding="utf-8") as file:
        of_all = [float(row["unweighted recall"]) for row in csv.DictReader(file)]
    assert of_all == [row[4] for row in rows]
    assert (out / "leave-speakers-out.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(TrainingError, match="was trained with loop epochs 1, asked is 3"):
        leave_speakers_out(_folds(made_data, out, epochs=3), only=())
    with pytest.raises(TrainingError, match="no fold 3; they are 1 to 2"):
        leave_speakers_out(_folds(made_data, out), only=(3,))
