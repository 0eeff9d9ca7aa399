"""Several processes under `accelerate launch` learn what one learns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.checkpoint import FILE, load
from models.heads import Logits
from training.batch import Batch
from training.loop import LoopConfig, loss
from training.progress import Progress
from training.recipes import find
from training.run import train_recipe
from training.team import Team

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("team_script.py")


class OneOfTwo(Team):
    """The first of two processes whose other one has this much weight and this many samples."""

    size = 2

    def __init__(self, *others: float) -> None:
        super().__init__()
        self.others = iter(others)

    def total(self, value: Tensor) -> Tensor:
        return value + next(self.others)


def test_shares_are_disjoint_and_whole_and_nobody_is_left_without() -> None:
    team = Team()
    team.size = 2
    first = team.mine([1, 2, 3, 4, 5])
    team.rank = 1
    assert sorted(first + team.mine([1, 2, 3, 4, 5])) == [1, 2, 3, 4, 5]
    assert team.mine([9]) == [9]


def test_the_mean_of_two_parts_is_the_loss_of_the_whole() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = Logits(torch.randn(5, 7, generator=generator), torch.randn(5, 3, generator=generator))
    batch = Batch((), torch.eye(7)[[0, 1, 2, 3, 3]], torch.eye(3)[[0, 1, 2, 0, 1]])
    weights = torch.arange(1.0, 8.0)
    config = LoopConfig(epochs=1, batch_size=5, learning_rate=1.0, label_smoothing=0.1)
    parts = []
    for own, other in ((slice(0, 2), slice(2, 5)), (slice(2, 5), slice(0, 2))):
        team = OneOfTwo(float((batch.emotion[other] * weights).sum()), float(len(batch.sentiment[other])))
        part = Batch((), batch.emotion[own], batch.sentiment[own])
        parts.append(loss(Logits(logits.emotion[own], logits.sentiment[own]), part, weights, config, team))
    torch.testing.assert_close((parts[0] + parts[1]) / 2, loss(logits, batch, weights, config))


def test_a_second_process_leaves_the_network_to_the_first(
    made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = find("small", "tiny")
    *encoders, fusion = (stage.name for stage in small.stages)
    for names, rank in ((encoders, 0), ([fusion], 1)):
        team = Team()
        team.rank = rank
        monkeypatch.setattr("training.loop.team", lambda own=team: own)
        train_recipe(small, made_data, tmp_path, tmp_path / "cache", Progress(), only=tuple(names), max_steps=1)
    assert not (tmp_path / FILE).exists()


def _launch(command: list[str], processes: int) -> str:
    """What a script, or `-m` a module, with its arguments printed in so many processes on this machine."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_machines", "1", "--mixed_precision", "no"]
    launch += ["--dynamo_backend", "no", "--num_processes", str(processes)]
    # With --multi_gpu Accelerate starts the processes itself, on CPUs too; with --cpu it would leave that to mpirun.
    launch += ["--cpu"] if processes == 1 else ["--multi_gpu", "--main_process_port", "0"]
    done = subprocess.run(
        [*launch, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_two_processes_end_where_one_does(mini_meld: Path, tmp_path: Path) -> None:
    weights = []
    for processes in (1, 2):
        run = tmp_path / str(processes)
        said = _launch([str(SCRIPT), str(mini_meld), str(run), str(tmp_path / "cache")], processes)
        assert f"1 of {processes} processes" in said
        assert said.count("14 samples") == 1
        weights.append(torch.load(run / "joint" / "last.pt", weights_only=True)["network"])
    one, two = weights
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_processes_that_measure_differently_decide_by_what_the_first_one_measures(
    made_data: Path, tmp_path: Path
) -> None:
    _launch([str(SCRIPT.with_name("team_score_script.py")), str(made_data), str(tmp_path), str(tmp_path / "cache")], 2)
    first, second = (json.loads((tmp_path / f"process-{rank}.json").read_text("utf-8")) for rank in (0, 1))
    assert first == second
    assert (first["epoch"], first["best"], first["stale_epochs"], first["scale"]) == (4, 3.0, 0, 1.0)


@pytest.mark.slow
def test_several_processes_leave_one_whole_network_of_a_recipe_of_many_stages(made_data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    flags = ["--recipe", "small", "--size", "tiny", "--steps", "2", "--data", str(made_data), "--out", str(run)]
    _launch(["-m", "training", "train", *flags, "--cache", str(tmp_path / "cache")], 2)
    _, card = load(run)
    assert len(card.calibration) == 7
    assert not list(run.rglob("*.part"))
