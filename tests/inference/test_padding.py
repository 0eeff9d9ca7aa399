import numpy as np
import pytest

from streamer.features.arrays import Float32
from streamer.inference.padding import bucket, joined, parted

FREE = frozenset({"features", "mask"})


def call(steps: int, rows: int = 1) -> dict[str, Float32]:
    return {
        "features": np.full((rows, steps, 2), steps, np.float32),
        "mask": np.ones((rows, steps), np.float32),
    }


def test_sizes_are_rounded_up_to_a_few_by_less_than_a_factor_of_two() -> None:
    buckets = [bucket(size) for size in range(1, 1025)]
    assert sorted(set(buckets)) == [1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]
    assert all(size <= found < 2 * size for size, found in enumerate(buckets, start=1))


def test_calls_of_different_lengths_become_one_batch_of_a_bucket_under_masks() -> None:
    batch = joined([call(3), call(5, rows=2)], FREE)
    assert batch["features"].shape == (4, 8, 2)
    assert batch["mask"].sum(axis=1).tolist() == [3, 5, 5, 3]  # the last row fills the batch up: again the first one
    assert (batch["features"][..., 0] == batch["mask"] * batch["mask"].sum(axis=1, keepdims=True)).all()


def test_a_length_that_is_fixed_stays() -> None:
    assert joined([call(5)], frozenset())["mask"].shape == (1, 5)


@pytest.mark.parametrize(
    ("made", "kept"), [(lambda steps: steps, 5), (lambda _: 1, 1), (lambda steps: -(-steps // 2), 3)]
)
def test_an_answer_is_cut_to_what_it_would_be_alone(made: "object", kept: int) -> None:
    assert callable(made)
    calls = [call(3), call(5)]
    batch = joined(calls, FREE)
    steps = made(8)
    mask = np.stack([np.arange(steps) < made(own) for own in (3, 5)]).astype(np.float32)
    embedding = np.arange(2 * steps * 4, dtype=np.float32).reshape(2, steps, 4)
    first, second = parted([embedding, mask], calls, batch)
    assert first[0].shape == (1, made(3), 4)
    assert second[0].shape == (1, kept, 4)
    assert (second[0] == embedding[1:, :kept]).all()
    assert second[1].shape == (1, kept)


def test_what_has_no_steps_is_only_parted() -> None:
    calls = [call(3, rows=2), call(5)]
    logits = np.arange(28, dtype=np.float32).reshape(4, 7)
    assert [answer[0].tolist() for answer in parted([logits], calls, joined(calls, FREE))] == [
        logits[:2].tolist(),
        logits[2:3].tolist(),
    ]
