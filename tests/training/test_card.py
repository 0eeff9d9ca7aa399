"""The model card says what is so of this bundle, whatever recipe it is of."""

from pathlib import Path

import pytest

from streamer.bundle import FusionPart, Manifest, read, shipped, write_manifest
from training.card import render
from training.corpora import CORPORA
from training.recipes import RANDOM_WEIGHTS, RECIPES

ROOT = Path(__file__).resolve().parents[2]


def _card(folder: Path, recipe: str, version: str, corpora: tuple[str, ...], precision: str = "fp32") -> str:
    (folder / "fusion.onnx").write_bytes(b"graph")
    manifest = Manifest(
        name="made",
        version=version,
        recipe=recipe,
        opset=17,
        precision=precision,
        fusion=FusionPart(name="gated"),
        corpora=tuple(CORPORA[name].corpus for name in corpora),
    )
    write_manifest(folder, manifest)
    return render(read(folder))


def test_the_shipped_card_is_that_of_the_shipped_manifest() -> None:
    """But for what the network says of sentences of our own, whose last digit is the processor's."""
    assert (ROOT / "MODEL_CARD.md").read_text("utf-8").startswith(render(read(shipped())))


def test_a_network_of_clips_has_learned_from_no_tuples(tmp_path: Path) -> None:
    card = _card(tmp_path, "bert-r3d-cnn/full", "1", ("meld-clips",))
    for untrue in (
        "tuples",
        "Voices are acted",
        "48-pixel",
        "FERPlus",
        "Reddit",
        "make bundle",
        "streamer/bundles/small",
        "MiniLM",
    ):
        assert untrue not in card
    assert "BERT base, uncased (weights)" in card
    assert "R3D-18" in card


def test_the_commands_have_the_choices(tmp_path: Path) -> None:
    recipe = "modular/full text=minilm audio=none video=none data=meld"
    card = _card(tmp_path, recipe, "1", ("meld",), "int8")
    assert "--recipe modular --size full --with text=minilm --with audio=none" in card
    assert "MiniLM" in card
    assert "export RUN --out RUN/bundle --precision int8" in card


@pytest.mark.parametrize("name", RECIPES)
def test_weights_that_a_network_did_not_start_from_are_not_credited(name: str, tmp_path: Path) -> None:
    card = _card(tmp_path, f"{name}/full", f"1{RANDOM_WEIGHTS}", ())
    assert "(weights)" not in card
    assert f"--recipe {name} --size full" in card
    assert "--random-weights --data" in card


def test_an_unknown_recipe_has_neither_commands_nor_weights(tmp_path: Path) -> None:
    card = _card(tmp_path, "ours/full", "1", ("meld",))
    assert "```" not in card
    assert "(weights)" not in card
    assert "By the recipe `ours/full`" in card
