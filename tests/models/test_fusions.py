"""Every fusion, early and late, over every set of encoders: it looks at what is there and at nothing else."""

from itertools import combinations
from typing import get_args

import pytest
import torch
from torch import Tensor

from models.fusion.cross_modal import CrossModalFusion
from models.fusion.decision import Decision
from models.fusion.experts import ExpertsFusion
from models.graph import Fused
from models.heads import Heads
from streamer.labels import MODALITIES, Modality
from training.recipes.modular import Fusing
from training.recipes.parts import fusion

WIDTHS: dict[Modality, int] = {"text": 6, "audio": 5, "video": 4}
SUBSETS = [frozenset(c) for n in (1, 2, 3) for c in combinations(MODALITIES, n)]
KINDS = [(name, decision) for name in get_args(Fusing) for decision in get_args(Decision)]


def _build(name: str, decision: Decision, has: frozenset[Modality]) -> torch.nn.Module:
    torch.manual_seed(2)
    backwards = {m: WIDTHS[m] for m in reversed(MODALITIES) if m in has}  # the order of a config must not matter
    return fusion(name, decision, "tiny").build(backwards).eval()


def _inputs(there: frozenset[Modality], has: frozenset[Modality], absent: float = 0.0) -> list[Tensor]:
    draw = torch.Generator().manual_seed(3)
    embeddings, masks = [], []
    for m in MODALITIES:
        steps = torch.randn(3, 4, WIDTHS[m], generator=draw)
        embeddings.append(steps if m in there else torch.full((3, 1, WIDTHS[m] if m in has else 1), absent))
        masks.append(torch.full(embeddings[-1].shape[:2], float(m in there)))
    return [*embeddings, *masks]


@pytest.mark.parametrize(("name", "decision"), KINDS)
def test_every_set_of_encoders_and_every_subset_of_it_is_decided_on(name: str, decision: Decision) -> None:
    for has in SUBSETS:
        network = _build(name, decision, has)
        for there in (s for s in SUBSETS if s <= has):
            fused: Fused = network(*_inputs(there, has))
            assert fused.emotion_logits.shape == (3, 7)
            assert fused.sentiment_logits.shape == (3, 3)
            torch.testing.assert_close(fused.weights.sum(1), torch.ones(3))
            for column, m in enumerate(MODALITIES):
                assert bool((fused.weights[:, column] > 0).all()) == (m in there)
            elsewhere: Fused = network(*_inputs(there, has, absent=9.0))
            torch.testing.assert_close(fused, elsewhere)


@pytest.mark.parametrize(("name", "decision"), KINDS)
def test_with_nothing_there_the_answer_is_finite_and_no_modality_counts(name: str, decision: Decision) -> None:
    fused: Fused = _build(name, decision, frozenset(MODALITIES))(*_inputs(frozenset(), frozenset(MODALITIES), 9.0))
    assert all(bool(output.isfinite().all()) for output in fused)
    assert not fused.weights.any()


@pytest.mark.parametrize(("name", "decision"), KINDS)
def test_steps_that_are_not_there_are_not_looked_at(name: str, decision: Decision) -> None:
    network = _build(name, decision, frozenset(MODALITIES))
    inputs = _inputs(frozenset(MODALITIES), frozenset(MODALITIES))
    for mask in inputs[3:]:
        mask[:, 3:] = 0
    changed = [steps.clone() for steps in inputs[:3]]
    for steps in changed:
        steps[:, 3:] = 7.0
    torch.testing.assert_close(network(*changed, *inputs[3:]), network(*inputs))
    shorter = [part[:, :3] for part in inputs]
    torch.testing.assert_close(network(*shorter), network(*inputs))


@pytest.mark.parametrize(("name", "decision"), KINDS)
def test_a_modality_that_says_something_else_is_heard(name: str, decision: Decision) -> None:
    network = _build(name, decision, frozenset(MODALITIES))
    for number in range(3):
        inputs = _inputs(frozenset(MODALITIES), frozenset(MODALITIES))
        before = network(*inputs).emotion_logits
        inputs[number] = -inputs[number] + 1
        assert not torch.allclose(network(*inputs).emotion_logits, before)


@pytest.mark.parametrize(("name", "decision"), KINDS)
def test_a_batch_of_one_can_be_learned_from(name: str, decision: Decision) -> None:
    network = _build(name, decision, frozenset(MODALITIES)).train()
    one = [part[:1] for part in _inputs(frozenset(MODALITIES), frozenset(MODALITIES))]
    network(*one).emotion_logits.sum().backward()
    assert all(p.grad is not None for n, p in network.named_parameters() if "sentiment" not in n)


def test_where_each_modality_looked_sums_to_one_over_the_other_two() -> None:
    everyone = frozenset(MODALITIES)
    network = _build("cross-modal", "early", everyone)
    assert isinstance(network, CrossModalFusion)
    inputs = _inputs(everyone, everyone)
    inputs[4][:, 2:] = 0  # half of the sound is not there
    looked = network.looked(*inputs)
    assert {m: tuple(found.others.shape) for m, found in looked.items()} == dict.fromkeys(MODALITIES, (3, 4, 8))
    torch.testing.assert_close(looked["text"].others.sum(2), torch.ones(3, 4))
    assert not looked["text"].others[:, :, 2:4].any()
    torch.testing.assert_close(looked["audio"].own.sum(1), torch.ones(3))
    alone = network.looked(*_inputs(frozenset({"text"}), everyone))
    assert not alone["text"].others.any()


def test_an_expert_that_is_surer_still_outweighs_the_others_no_further() -> None:
    network = _build("experts", "late", frozenset(MODALITIES))
    assert isinstance(network, ExpertsFusion)
    inputs = _inputs(frozenset({"text", "video"}), frozenset(MODALITIES))
    answers = []
    for sureness in (20.0, 200.0):
        heads = network.heads["video"]
        assert isinstance(heads, Heads)
        with torch.no_grad():
            heads.emotion.bias.zero_()
            heads.emotion.bias[3] = sureness
        answers.append(network(*inputs).emotion_logits)
    torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=0.3)
    assert (answers[0].max(1).values - answers[0].min(1).values < 10).all()


def test_an_expert_that_is_alone_is_heard_as_it_was_trained() -> None:
    network = _build("experts", "late", frozenset(MODALITIES))
    assert isinstance(network, ExpertsFusion)
    for modality in MODALITIES:
        heads = Heads(WIDTHS[modality])
        network.adopt(modality, heads)
        inputs = _inputs(frozenset({modality}), frozenset(MODALITIES))
        steps = inputs[MODALITIES.index(modality)]
        steps[:] = steps[:, :1]  # all alike: how they are pooled is not the question
        alone: Fused = network(*inputs)
        own = heads(steps[:, 0])
        torch.testing.assert_close(alone.emotion_logits, own.emotion.log_softmax(-1))
        torch.testing.assert_close(alone.sentiment_logits, own.sentiment.log_softmax(-1))
        assert not any(p.requires_grad for p in network.heads[modality].parameters())
