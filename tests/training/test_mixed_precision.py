"""On a GPU a step is computed in bfloat16 where that is safe, and learns."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.heads import Logits
from tests.training.tiny_joint import LOOP
from training.batch import Batch
from training.held_out import Measured
from training.loop import Fit
from training.mixed_precision import has_bf16
from training.progress import Progress

CUDA = torch.cuda.is_available()


class _Watched(nn.Module):
    """Two heads that note in which precision they answered."""

    def __init__(self) -> None:
        super().__init__()
        self.emotion, self.sentiment = nn.Linear(8, 7), nn.Linear(8, 3)
        self.seen: set[tuple[str, torch.dtype]] = set()

    def forward(self, features: Tensor) -> Logits:
        logits = Logits(self.emotion(features), self.sentiment(features))
        if self.training:
            self.seen.add((features.device.type, logits.emotion.dtype))
        return logits


class _Data:
    def plan(self, epoch: int) -> list[list[int]]:
        return [[0, 1, 2, 3]]

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        features = torch.from_numpy(rng.normal(size=(len(indices), 8)).astype(np.float32))
        return Batch((features,), torch.eye(7)[indices], torch.eye(3)[[i % 3 for i in indices]])


_HERE = has_bf16(torch.device("cuda" if CUDA else "cpu"))


@pytest.mark.parametrize(
    ("bf16", "precision"), [(True, torch.bfloat16 if _HERE else torch.float32), (False, torch.float32)]
)
@pytest.mark.parametrize(
    "device",
    [
        pytest.param("cpu", marks=pytest.mark.skipif(CUDA, reason="the loop takes the CUDA device that there is")),
        pytest.param(
            "cuda",
            marks=[pytest.mark.gpu, pytest.mark.skipif(not CUDA, reason="needs a CUDA device, and torch finds none")],
        ),
    ],
)
def test_a_step_is_mixed_where_the_recipe_says_so_and_its_loss_finite(
    tmp_path: Path, device: str, bf16: bool, precision: torch.dtype
) -> None:
    torch.manual_seed(0)
    network = _Watched()
    fit = Fit(network, _Data(), msgspec.structs.replace(LOOP, bf16=bf16), tmp_path, torch.ones(7), lambda _: 1.0)
    before = network.emotion.weight.detach().clone()
    fit.run(lambda _: Measured({"score": 0.0}), Progress(), max_steps=1)
    assert network.seen == {(device, precision)}
    assert math.isfinite(msgspec.json.decode((tmp_path / "history.jsonl").read_bytes())["loss"])
    after = network.emotion.weight.detach().cpu()
    assert after.dtype == torch.float32
    assert after.isfinite().all()
    assert not torch.equal(before, after)


@pytest.mark.skipif(CUDA, reason="the loop takes the CUDA device that there is")
@pytest.mark.parametrize(("has", "precision"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_processor_that_would_imitate_it_computes_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: bool, precision: torch.dtype
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: has)
    network = _Watched()
    fit = Fit(network, _Data(), msgspec.structs.replace(LOOP, bf16=True), tmp_path, torch.ones(7), lambda _: 1.0)
    fit.run(lambda _: Measured({"score": 0.0}), Progress(), max_steps=1)
    assert network.seen == {("cpu", precision)}
