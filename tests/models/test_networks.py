"""The parts speak the graph language: masks are obeyed, padding changes nothing, configs travel."""

from itertools import combinations
from typing import ClassVar

import msgspec
import pytest
import torch
from torch import Tensor, nn

from models import REGISTRY
from models.audio.mel_cnn import MelCnn
from models.fusion.gated import Gated
from models.graph import Encoded, EncoderConfig, FeatureSpec, Fused
from models.network import Encoding, Network, NetworkConfig, from_data, to_data
from models.pooling import AttentivePooling
from models.text.bert import Bert, BertEncoder
from models.video.face_cnn import FaceCnn
from streamer.errors import BundleError
from streamer.features import FaceCropSpec, LogMelSpec, TextSpec
from streamer.labels import MODALITIES, Modality

TINY = NetworkConfig(
    {
        "text": Encoding(TextSpec(), Bert(width=16, hidden=16, layers=2, heads=2, intermediate=32, vocabulary=100)),
        "audio": Encoding(LogMelSpec(), MelCnn(width=12, channels=(4, 4, 8, 8), temporal=16)),
        "video": Encoding(FaceCropSpec(), FaceCnn(width=8, channels=(4, 8))),
    },
    Gated(hidden=16),
)
SUBSETS = [frozenset(c) for n in (1, 2, 3) for c in combinations(MODALITIES, n)]


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return Network(TINY).eval()


def _inputs(subset: frozenset[Modality], absent_value: float = 0.0) -> tuple[Tensor, ...]:
    draw = torch.Generator().manual_seed(3)
    embeddings, masks = [], []
    for modality, width in TINY.widths.items():
        random = torch.randn(2, 3, width, generator=draw)
        there = modality in subset
        embeddings.append(random if there else torch.full((2, 1, width), absent_value))
        masks.append(torch.full(embeddings[-1].shape[:2], float(there)))
    return (*embeddings, *masks)


@pytest.mark.parametrize("subset", SUBSETS, ids=lambda s: "+".join(sorted(s)))
def test_the_fusion_answers_for_every_subset_and_its_weights_sum_to_one_over_those_present(
    network: Network, subset: frozenset[Modality]
) -> None:
    fused: Fused = network.fuse(*_inputs(subset))
    assert fused.emotion_logits.shape == (2, 7)
    assert fused.sentiment_logits.shape == (2, 3)
    torch.testing.assert_close(fused.weights.sum(1), torch.ones(2))
    for column, modality in enumerate(MODALITIES):
        assert bool((fused.weights[:, column] > 0).all()) == (modality in subset)


@pytest.mark.parametrize("subset", SUBSETS[:-1], ids=lambda s: "+".join(sorted(s)))
def test_the_fusion_does_not_look_at_what_is_absent(network: Network, subset: frozenset[Modality]) -> None:
    torch.testing.assert_close(network.fuse(*_inputs(subset)), network.fuse(*_inputs(subset, absent_value=9.0)))


def test_the_fusion_does_not_look_at_steps_that_are_not_there(network: Network) -> None:
    text, audio, video, *masks = _inputs(frozenset(MODALITIES))
    masks[2][:, 2] = 0
    changed = video.clone()
    changed[:, 2] = 7.0
    torch.testing.assert_close(network.fuse(text, audio, video, *masks), network.fuse(text, audio, changed, *masks))


def test_a_clip_gives_the_same_alone_and_padded_in_a_batch(network: Network) -> None:
    for steps in (1, 7, 33, 64):
        clip = torch.randn(1, steps, 64)
        padded, mask = torch.randn(1, 97, 64), torch.zeros(1, 97)
        padded[:, :steps], mask[:, :steps] = clip, 1
        alone = network.encode("audio", clip, torch.ones(1, steps))
        torch.testing.assert_close(
            network.encode("audio", padded, mask).embedding, alone.embedding, atol=1e-5, rtol=1e-4
        )


def test_words_give_the_same_alone_and_padded_in_a_batch(network: Network) -> None:
    ids = torch.randint(1, 100, (1, 9))
    types = (torch.arange(9) > 4).long()[None]
    alone = network.encode("text", ids, torch.ones_like(ids), types)
    pad = torch.zeros(1, 5, dtype=torch.long)
    padded = network.encode(
        "text",
        torch.cat([ids, pad + 5], 1),
        torch.cat([pad[:, :0] + 1, torch.ones_like(ids), pad], 1),
        torch.cat([types, pad], 1),
    )
    torch.testing.assert_close(padded.embedding, alone.embedding, atol=1e-5, rtol=1e-4)


def test_each_face_is_seen_by_itself(network: Network) -> None:
    crops = torch.randn(1, 4, 1, 48, 48)
    together = network.encode("video", crops, torch.ones(1, 4)).embedding
    single = torch.cat(
        [network.encode("video", crops[:, i : i + 1], torch.ones(1, 1)).embedding for i in range(4)], dim=1
    )
    torch.testing.assert_close(together, single, atol=1e-5, rtol=1e-4)


def test_pooling_over_nothing_is_zeros_not_nan() -> None:
    pooled = AttentivePooling(4, 2)(torch.randn(2, 3, 4), torch.zeros(2, 3))
    assert bool((pooled == 0).all())


def test_a_config_survives_the_checkpoint() -> None:
    assert from_data(to_data(TINY)) == TINY


def test_a_part_that_is_not_registered_is_named() -> None:
    data = to_data(TINY)
    data["fusion"]["name"] = "tensor-train"
    with pytest.raises(BundleError, match=r"'tensor-train'.*gated"):
        from_data(data)


class Means(EncoderConfig, frozen=True, kw_only=True):
    modality: ClassVar[Modality] = "audio"
    width: int = 6

    def build(self, spec: FeatureSpec) -> nn.Module:
        assert isinstance(spec, LogMelSpec)
        return MeansEncoder(spec.n_mels, self.width)


class MeansEncoder(nn.Module):
    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(bands, width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        return Encoded(self.projection(features) * mask.unsqueeze(-1), mask)


def test_a_new_encoder_is_one_class_and_one_registry_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "means", Means)
    config = msgspec.structs.replace(TINY, encodings={**TINY.encodings, "audio": Encoding(LogMelSpec(), Means())})
    network = Network(from_data(to_data(config)))
    assert network.encode("audio", torch.randn(2, 5, 64), torch.ones(2, 5)).embedding.shape == (2, 5, 6)


def test_the_full_sizes_are_those_of_the_design() -> None:
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    text = BertEncoder(Bert())
    assert count(text) == pytest.approx(22.7e6, rel=0.01)
    assert count(MelCnn().build(LogMelSpec())) <= 500_000
    assert count(FaceCnn().build(FaceCropSpec())) <= 2_200_000
