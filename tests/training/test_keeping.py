"""Encoders of a finished bundle stand in a new run as they were exported, and leave it as they came."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from rich.console import Console

from exporters.export import export
from models.checkpoint import load
from models.exported import exported_parts, heads_of
from streamer import load_bundle
from streamer.bundle import Metric, read, write_manifest
from streamer.errors import BundleError
from training.errors import TrainingError
from training.progress import Progress
from training.recipes import find, keeping
from training.recipes.recipe import Recipe
from training.report import evaluate
from training.run import train_recipe, train_run
from training.upstream import upstream

QUIET = Progress(Console(quiet=True))


@pytest.fixture(scope="module")
def first(made_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and its bundle."""
    folder = tmp_path_factory.mktemp("first")
    train_run("small", "tiny", made_data, folder / "run", folder / "cache", QUIET)
    export(folder / "run", folder / "bundle")
    return folder


@pytest.fixture(scope="module")
def recipe(first: Path) -> Recipe:
    return keeping(find("small", "tiny"), first / "bundle", ("audio", "video"))


@pytest.fixture(scope="module")
def second(first: Path, recipe: Recipe, made_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that trains words and fusion anew, and its bundle."""
    folder = tmp_path_factory.mktemp("second")
    train_recipe(recipe, made_data, folder / "run", first / "cache", QUIET, epochs=2)
    export(folder / "run", folder / "bundle")
    return folder


def test_only_what_is_not_kept_is_trained(recipe: Recipe, second: Path) -> None:
    assert [stage.name for stage in recipe.stages] == ["teacher-meld", "text-meld", "text-taught", "fusion"]
    assert not (second / "run" / "audio-speech").exists()
    assert set(exported_parts(load(second / "run")[0])) == {"audio", "video"}


def test_what_is_kept_leaves_as_it_came_and_what_is_trained_does_not(first: Path, second: Path) -> None:
    same = {
        name: (first / "bundle" / f"{name}.onnx").read_bytes() == (second / "bundle" / f"{name}.onnx").read_bytes()
        for name in ("text", "audio", "video", "fusion")
    }
    assert same == {"text": False, "audio": True, "video": True, "fusion": False}
    before, after = (read(folder / "bundle").manifest for folder in (first, second))
    assert set(after.parity) == set(before.parity)
    assert after.parity["audio"] == before.parity["audio"]
    assert {corpus.name for corpus in after.corpora} == {corpus.name for corpus in before.corpora}


def test_a_kept_modality_alone_is_judged_as_before(first: Path, second: Path) -> None:
    wave = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    before, after = (load_bundle(folder / "bundle") for folder in (first, second))
    spec = before.manifest.audio.spec if before.manifest.audio else pytest.fail("it hears nothing")
    voice = [model.encode_audio(spec.extract(wave)) for model in (before, after)]
    assert voice[0] is not None
    assert voice[1] is not None
    assert np.array_equal(voice[0].embedding, voice[1].embedding)
    said = [heads_of(read(folder / "bundle"), "audio") for folder in (first, second)]
    assert torch.equal(said[0].emotion.weight, said[1].emotion.weight)


@pytest.mark.slow
def test_a_run_with_kept_parts_is_measured_as_any_other(second: Path, first: Path, made_data: Path) -> None:
    found = evaluate(second / "run", made_data, first / "cache", "dev", QUIET)
    exported = evaluate(second / "bundle", made_data, first / "cache", "dev", QUIET)
    voices = [[m.value for m in figures if m.modalities == "audio"] for figures in (found, exported)]
    assert voices[0] == voices[1]


def test_a_run_that_was_copied_without_what_it_kept_says_so(second: Path, tmp_path: Path) -> None:
    shutil.copyfile(second / "run" / "network.pt", tmp_path / "network.pt")
    with pytest.raises(BundleError, match=r"kept-audio\.onnx: not there, though the run kept it"):
        load(tmp_path)


def test_a_bundle_that_cannot_stand_in_is_refused_before_anything_is_trained(first: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"bundle: its video encoder is not the face-cnn of this recipe"):
        keeping(find("small", "full"), first / "bundle", ("video",))
    with pytest.raises(BundleError, match=r"bundel: no manifest\.json there"):
        keeping(find("small", "tiny"), first / "bundel", ("audio",))
    shutil.copytree(first / "bundle", tmp_path / "bundle")
    (tmp_path / "bundle" / "audio.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleError, match=r"audio\.onnx is not the file that was exported"):
        keeping(find("small", "tiny"), tmp_path / "bundle", ("video",))


def test_a_fusion_knows_the_graphs_that_it_was_trained_on_again_whatever_figures_they_have(
    first: Path, recipe: Recipe, tmp_path: Path
) -> None:
    *_, fusion = recipe.stages
    shutil.copytree(first / "bundle", tmp_path / "bundle")
    here = msgspec.structs.replace(fusion, kept={"audio": str(tmp_path / "bundle")})
    before, manifest = upstream(first / "run", here), read(tmp_path / "bundle").manifest
    assert set(before) == {"the weights of text-taught", "the weights of video-faces", "the graphs of the kept audio"}
    figure = Metric("emotion accuracy", 0.5, "made", "dev", "audio", 10)
    write_manifest(tmp_path / "bundle", msgspec.structs.replace(manifest, metrics=(figure,)))
    assert upstream(first / "run", here) == before
    shutil.copyfile(tmp_path / "bundle" / "video.onnx", tmp_path / "bundle" / "audio.onnx")  # as if exported again
    write_manifest(tmp_path / "bundle", manifest)
    changed = {name for name, value in upstream(first / "run", here).items() if value != before[name]}
    assert changed == {"the graphs of the kept audio"}


def test_what_cannot_be_kept_is_said(first: Path) -> None:
    with pytest.raises(TrainingError, match="modular trains its encoders together"):
        keeping(find("modular", "tiny"), first / "bundle", ("text",))
    with pytest.raises(TrainingError, match="small has no 'smell' to keep; it has text, audio, video"):
        keeping(find("small", "tiny"), first / "bundle", ("smell",))
    with pytest.raises(BundleError, match=r"keeps no heads of laughter alone"):
        heads_of(read(first / "bundle"), "laughter")  # type: ignore[arg-type]
