"""What frozen encoders give does not depend on what was beside it in the batch, and is computed once."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.backbone import split
from models.network import Network
from streamer.features import FaceCropSpec
from streamer.labels import Modality
from training.array_cache import ArrayCache
from training.clip_data import Source, Steps
from training.frozen import Frozen
from training.progress import Progress
from training.recipes import find
from training.samples import Sample, emotion_of, sentiment_of
from training.team import Team

LENGTHS = {"text": (3, 9, 5, 32, 5), "audio": (16_000, 4_321, 40_000, 16_001, 400), "video": (4, 1, 2, 4, 3)}
SAMPLES = [
    Sample(corpus="made", key=str(i), split="train", emotion=emotion_of("joy"), sentiment=sentiment_of("positive"))
    for i in range(5)
]


def _steps(modality: Modality, network: Network, rng: np.random.Generator, length: int) -> Steps:
    there = np.ones(length, np.float32)
    spec = network.config.encodings[modality].spec
    if modality == "text":
        return rng.integers(1, 1000, length), np.ones(length, np.int64), np.zeros(length, np.int64)
    if isinstance(spec, FaceCropSpec):
        shape = (length, spec.channels, spec.size_px, spec.size_px)
        return rng.normal(size=shape).astype(np.float32), there
    return rng.normal(size=(length, 1)).astype(np.float32), there


@pytest.fixture(params=["text", "audio", "video"])
def modality(request: pytest.FixtureRequest) -> Modality:
    found: Modality = request.param
    return found


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(find("cross-modal", "tiny").network).eval()


def _frozen(modality: Modality, network: Network, cache: ArrayCache) -> Frozen:
    rng = np.random.default_rng(0)
    found = {s.key: _steps(modality, network, rng, n) for s, n in zip(SAMPLES, LENGTHS[modality], strict=True)}
    source = Source(3 if modality == "text" else 2, lambda sample: found[sample.key])
    return Frozen(split(network.encoders[modality])[0], source, cache)


def test_in_a_batch_of_several_lengths_each_is_what_it_is_alone(
    modality: Modality, network: Network, tmp_path: Path
) -> None:
    batched = _frozen(modality, network, ArrayCache(tmp_path / "batched", Progress()))
    batched.prepare(SAMPLES, "embed", Team(), Progress())
    alone = _frozen(modality, network, ArrayCache(tmp_path / "alone", Progress()))
    for sample in SAMPLES:
        for found, expected in zip(batched.source().of(sample) or (), alone.source().of(sample) or (), strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, atol=1e-5)
            assert np.abs(expected).max() > 0.01


def test_what_is_kept_is_not_computed_again(network: Network, tmp_path: Path) -> None:
    for expected in (len(SAMPLES), 0):
        cache = ArrayCache(tmp_path, Progress())
        frozen = _frozen("text", network, cache)
        frozen.prepare(SAMPLES, "embed", Team(), Progress())
        assert all(frozen.source().of(sample) is not None for sample in SAMPLES)
        assert cache.computed == expected
