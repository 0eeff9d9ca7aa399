"""A run that was cut off and resumed is the run that was not."""

from pathlib import Path

import msgspec
import pytest
import torch
from torch import Tensor

from models.heads import Logits
from training.batch import Batch
from training.errors import TrainingError
from training.loop import LoopConfig, class_weights, loss
from training.progress import Progress
from training.recipes import find
from training.run import train_run
from training.stages.unimodal import UnimodalStage, Workshop, train_unimodal

STAGES = [s for s in find("small", "tiny").stages if isinstance(s, UnimodalStage) and s.start is None]
"""Those that need none before them."""


def _train(
    stage: UnimodalStage, data: Path, run: Path, cache: Path, steps: int | None, *, resume: bool = False
) -> dict[str, Tensor]:
    shop = Workshop(data, run, cache)
    train_unimodal(stage, find("small", "tiny").network, shop, Progress(), resume=resume, max_steps=steps)
    return dict(torch.load(run / stage.name / "last.pt", weights_only=True)["network"])


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_two_steps_and_two_more_are_four_steps(stage: UnimodalStage, made_data: Path, tmp_path: Path) -> None:
    straight = _train(stage, made_data, tmp_path / "straight", tmp_path / "cache", 4)
    cut_off = _train(stage, made_data, tmp_path / "resumed", tmp_path / "cache", 2)
    resumed = _train(stage, made_data, tmp_path / "resumed", tmp_path / "cache", 4, resume=True)
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    assert any(not torch.equal(cut_off[name], resumed[name]) for name in straight)


def test_what_an_encoder_itself_holds_still_no_stage_moves(made_data: Path, tmp_path: Path) -> None:
    (whisper,) = (stage for stage in STAGES if stage.name == "audio-whisper")
    two, four = (_train(whisper, made_data, tmp_path / str(n), tmp_path / "cache", n) for n in (2, 4))
    moved = {name.split(".")[1] for name in two if not torch.equal(two[name], four[name])}
    assert moved == {"norm", "projection", "emotion", "sentiment"}


def test_two_runs_with_one_seed_are_the_same_and_with_another_are_not(made_data: Path, tmp_path: Path) -> None:
    stage = STAGES[0]
    other = msgspec.structs.replace(stage, loop=msgspec.structs.replace(stage.loop, seed=18))
    first, again, third = (
        _train(s, made_data, tmp_path / str(i), tmp_path / "cache", 2) for i, s in enumerate((stage, stage, other))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], third[name]) for name in first)


def test_a_soup_is_the_mean_of_trainings_of_several_seeds(made_data: Path, tmp_path: Path) -> None:
    stage = msgspec.structs.replace(STAGES[0], soup=2)
    shop = Workshop(made_data, tmp_path, tmp_path / "cache")
    train_unimodal(stage, find("small", "tiny").network, shop, Progress(), resume=False, max_steps=2)
    folder = tmp_path / stage.name
    one, other, soup = (
        torch.load(folder / name / "best.pt", weights_only=True) for name in ("seed-17", "seed-18", ".")
    )
    assert any(not torch.equal(one[name], other[name]) for name in soup)
    for name, value in soup.items():
        torch.testing.assert_close(value, (one[name] + other[name]) / 2)


def test_a_stage_that_needs_an_earlier_one_says_which(made_data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--stage text-taught"):
        train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", Progress(), only=("fusion",))


def test_an_unknown_stage_gets_the_list(made_data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"it has teacher-meld, text-meld, text-taught, audio-speech, .*, fusion"):
        train_run("small", "tiny", made_data, tmp_path, tmp_path / "cache", Progress(), only=("text",))


def test_rare_classes_weigh_more_and_the_average_sample_weighs_one() -> None:
    emotion = torch.eye(7)[[0, 0, 0, 0, 0, 0, 1, 1, 2]]
    weights = class_weights(emotion, 0.5)
    assert weights[2] > weights[1] > weights[0]
    assert float(weights[6]) == 0
    assert float((emotion @ weights).mean()) == pytest.approx(1.0)


def test_a_certain_and_right_answer_costs_nothing_and_a_wrong_one_much() -> None:
    batch = Batch((), torch.eye(7)[:2], torch.eye(3)[:2])
    config = LoopConfig(epochs=1, batch_size=2, learning_rate=1.0)
    right = Logits(20 * torch.eye(7)[:2], 20 * torch.eye(3)[:2])
    wrong = Logits(20 * torch.eye(7)[2:4], 20 * torch.eye(3)[[2, 2]])
    assert float(loss(right, batch, torch.ones(7), config)) == pytest.approx(0, abs=1e-6)
    assert float(loss(wrong, batch, torch.ones(7), config)) > 20
