"""Normalisation by all batches so far."""

import torch

from models.norm import RunningNorm


def test_a_batch_is_not_relative_to_itself() -> None:
    norm = RunningNorm(4).train()
    usual = torch.randn(512, 4) * 3 + 10
    norm(usual)
    louder = norm(usual[:64] + 6)
    assert (louder.mean(0) > 0.5).all()


def test_it_knows_the_mean_and_spread_of_all_batches_alike() -> None:
    norm = RunningNorm(4).train()
    batches = torch.randn(20, 64, 4) * torch.tensor([1.0, 2.0, 3.0, 40.0]) + 5
    for batch in batches:
        norm(batch)
    found = norm.eval()(batches.flatten(0, 1))
    torch.testing.assert_close(found.mean(0), torch.zeros(4), atol=0.01, rtol=0)
    torch.testing.assert_close(found.std(0), torch.ones(4), atol=0.05, rtol=0)


def test_a_lone_sample_is_judged_by_those_before_it() -> None:
    norm = RunningNorm(4).train()
    norm(torch.randn(64, 4) + 5)
    before = norm.running_mean
    assert before is not None
    kept = before.clone()
    assert (norm(torch.full((1, 4), 5.0)).abs() < 1).all()
    torch.testing.assert_close(before, kept)
