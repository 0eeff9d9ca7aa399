"""A student's labels are partly what its teachers answer to the very same input."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.heads import Logits
from training.batch import Batch
from training.samples import Sample
from training.teachers import Taught


class _Says(nn.Module):
    """A teacher whose answer is its input's mean, for one emotion and one sentiment."""

    def __init__(self, emotion: int, sentiment: int) -> None:
        super().__init__()
        self.emotion, self.sentiment = emotion, sentiment

    def forward(self, inputs: Tensor) -> Logits:
        emotion, sentiment = torch.zeros(len(inputs), 7), torch.zeros(len(inputs), 3)
        emotion[:, self.emotion] = sentiment[:, self.sentiment] = inputs.mean(1)
        return Logits(emotion, sentiment)


class _Data:
    """Two samples of the first emotion and sentiment, augmented by a random number."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def plan(self, epoch: int) -> list[list[int]]:
        return [[0, 1], [epoch]]

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        first = torch.zeros(len(indices), 7), torch.zeros(len(indices), 3)
        for distribution in first:
            distribution[:, 0] = 1
        return Batch((torch.full((len(indices), 4), float(rng.random())),), *first)


def _taught(share: float, *teachers: nn.Module) -> Taught:
    return Taught(_Data(), teachers, share, torch.device("cpu"), bf16=False)


def test_labels_and_answers_share_as_asked_and_still_sum_to_one() -> None:
    batch = _taught(0.5, _Says(3, 2)).batch([0, 1], np.random.default_rng(0))
    confidence = batch.inputs[0].mean(1)
    answer = torch.nn.functional.one_hot(torch.tensor([3, 3]), 7) * confidence[:, None]
    expected = 0.5 * answer.softmax(-1)
    expected[:, 0] += 0.5
    torch.testing.assert_close(batch.emotion, expected)
    torch.testing.assert_close(batch.sentiment.sum(1), torch.ones(2))


def test_of_several_teachers_the_mean_of_the_probabilities_counts() -> None:
    one, other, both = (
        _taught(1.0, *teachers).batch([0], np.random.default_rng(0))
        for teachers in ((_Says(3, 2),), (_Says(5, 1),), (_Says(3, 2), _Says(5, 1)))
    )
    torch.testing.assert_close(both.emotion, (one.emotion + other.emotion) / 2)
    torch.testing.assert_close(both.sentiment, (one.sentiment + other.sentiment) / 2)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_inputs_and_the_plan_stay_the_datas_own(seed: int) -> None:
    taught = _taught(0.3, _Says(1, 1))
    assert taught.plan(4) == _Data().plan(4)
    seen, own = (data.batch([0, 1], np.random.default_rng(seed)) for data in (taught, _Data()))
    torch.testing.assert_close(seen.inputs, own.inputs)
