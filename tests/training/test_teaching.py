"""A pupil learns from its teacher's answers as far as it is told to, and its corpus' labels for the rest."""

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from rich.console import Console

from models.graph import FeatureSpec
from models.heads import Logits
from streamer.features import TextSpec
from streamer.labels import EMOTIONS
from training.data_text import TextData
from training.errors import TrainingError
from training.progress import Progress
from training.recipes import find
from training.run import train_run
from training.samples import Sample, emotion_of, sentiment_of
from training.stages.unimodal import UnimodalStage
from training.teaching import Teacher, question, remember, remembered, taught

QUIET = Progress(Console(quiet=True))
SMALL = find("small", "tiny")
(PUPIL,) = (s for s in SMALL.stages if isinstance(s, UnimodalStage) and s.teacher)
TEACHER = PUPIL.teacher or pytest.fail("the recipe's text has no teacher")


def _sample(corpus: str, key: str = "a") -> Sample:
    return Sample(
        corpus=corpus,
        key=key,
        split="train",
        emotion=emotion_of("joy"),
        sentiment=sentiment_of("positive"),
        text="oh really",
    )


def test_a_label_is_the_corpus_own_and_the_teachers_by_its_share() -> None:
    teacher = Teacher(stage="t", encoding=TEACHER.encoding, share=0.25, alone_on=("elsewhere",))
    says_fear = Logits(torch.full((2, 7), -30.0), torch.tensor([[30.0, 0, 0]] * 2))
    says_fear.emotion[:, EMOTIONS.index("fear")] = 30.0
    own, elsewhere = taught([_sample("meld"), _sample("elsewhere")], says_fear, teacher)
    assert own.emotion[EMOTIONS.index("joy")] == pytest.approx(0.75)
    assert own.emotion[EMOTIONS.index("fear")] == pytest.approx(0.25)
    assert elsewhere.emotion[EMOTIONS.index("fear")] == pytest.approx(1.0)
    for sample in (own, elsewhere):
        assert sum(sample.emotion) == pytest.approx(1.0)
        assert sum(sample.sentiment) == pytest.approx(1.0)


def test_answers_are_kept_for_the_question_that_they_were_given_to_and_no_other(tmp_path: Path) -> None:
    samples, answers = [_sample("meld", "a"), _sample("meld", "b")], Logits(torch.randn(2, 7), torch.randn(2, 3))
    path, weights = tmp_path / "answers.pt", tmp_path / "best.pt"
    weights.write_bytes(b"a teacher")
    asked = question(samples, TEACHER.encoding, weights)
    assert remembered(path, asked) is None
    remember(path, asked, answers)
    os.utime(weights, ns=(path.stat().st_mtime_ns + 1,) * 2)  # copied, not trained
    kept = remembered(path, question(samples, TEACHER.encoding, weights))
    assert kept is not None
    assert torch.equal(kept.emotion, answers.emotion)
    assert torch.equal(kept.sentiment, answers.sentiment)
    corrected = [samples[0], msgspec.structs.replace(samples[1], text="oh, really?")]
    other = msgspec.structs.replace(TEACHER.encoding, spec=TextSpec(max_tokens=8))
    assert remembered(path, question(samples[::-1], TEACHER.encoding, weights)) is None
    assert remembered(path, question(corrected, TEACHER.encoding, weights)) is None
    assert remembered(path, question(samples, other, weights)) is None
    weights.write_bytes(b"the teacher has learned on")
    os.utime(weights, ns=(0, 0))
    assert remembered(path, question(samples, TEACHER.encoding, weights)) is None


@pytest.mark.parametrize("kept_bytes", [0, 10, 1000])
def test_answers_that_were_cut_off_are_asked_for_again(tmp_path: Path, kept_bytes: int) -> None:
    path, answers = tmp_path / "answers.pt", Logits(torch.randn(2, 7), torch.randn(2, 3))
    remember(path, "asked", answers)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert remembered(path, "asked") is None
    torch.save({"keys": ["a", "b"], **answers._asdict()}, path)  # as they were kept before there were questions
    assert remembered(path, "asked") is None


def test_a_disk_that_fills_up_leaves_the_answers_that_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, answers = tmp_path / "answers.pt", Logits(torch.randn(2, 7), torch.randn(2, 3))
    remember(path, "asked", answers)

    def half(value: object, file: Path) -> None:
        file.write_bytes(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="No space left"):
        remember(path, "asked", answers)
    assert remembered(path, "asked") is not None


def test_the_recipes_pupil_trains_on_soft_labels_and_is_measured_on_its_corpus_own(
    made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[Sample]] = {}

    class Watched(TextData):
        def __init__(self, samples: list[Sample], spec: FeatureSpec, *rest: object) -> None:
            super().__init__(samples, spec, *rest)  # type: ignore[arg-type]
            seen[samples[0].split] = samples

    stages = (TEACHER.stage, "text-meld", PUPIL.name)
    train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", QUIET, only=stages[:2])
    monkeypatch.setattr("training.modality_data.TextData", Watched)
    train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", QUIET, only=stages[2:])
    assert all(0.5 <= max(s.emotion) < 1 for s in seen["train"])
    assert all(max(s.emotion) == 1 for s in seen["calibration"])
    words = "encoder.embeddings.word_embeddings.weight"
    before, after = (torch.load(tmp_path / stage / "best.pt", weights_only=True) for stage in stages[1:])
    assert torch.equal(before[words], after[words])
    assert not np.allclose(before["heads.emotion.weight"], after["heads.emotion.weight"])


def test_a_pupil_whose_teacher_has_not_been_trained_says_so(made_data: Path, tmp_path: Path) -> None:
    train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", QUIET, only=("text-meld",))
    with pytest.raises(TrainingError, match="--stage teacher-meld"):
        train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", QUIET, only=(PUPIL.name,))
