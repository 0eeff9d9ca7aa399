"""Several processes under `accelerate launch` learn what one learns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.heads import Logits
from training.batch import Batch
from training.loop import LoopConfig, loss
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


@pytest.mark.slow
def test_two_processes_end_where_one_does(mini_meld: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_machines", "1", "--mixed_precision", "no"]
    launch += ["--dynamo_backend", "no"]
    # With --multi_gpu Accelerate starts the processes itself, on CPUs too; with --cpu it would leave that to mpirun.
    kinds = {
        1: ["--cpu", "--num_processes", "1"],
        2: ["--multi_gpu", "--num_processes", "2", "--main_process_port", "0"],
    }
    weights = []
    for processes, kind in kinds.items():
        run = tmp_path / str(processes)
        command = [*launch, *kind, str(SCRIPT), str(mini_meld), str(run), str(tmp_path / "cache")]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert f"1 of {processes} processes" in done.stdout
        assert done.stdout.count("14 samples") == 1
        weights.append(torch.load(run / "joint" / "last.pt", weights_only=True)["network"])
    one, two = weights
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-4)
