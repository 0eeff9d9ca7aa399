"""The smallest recipe from data to figures, as the command line does it."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from models.checkpoint import load, load_typical
from streamer.bundle import Corpus, FusionPart, Manifest, Metric, read, write_manifest
from streamer.calibration import Calibration, Decision
from streamer.errors import BundleError
from streamer.labels import subset_name
from training.calibrate import SUBSETS, calibrate
from training.card import render
from training.change import changes
from training.cli import app
from training.errors import TrainingError
from training.held_out import Answers, figures_of
from training.made_lines import LINES, Judged, Line, judge_lines
from training.progress import Progress
from training.recipes import find
from training.report import compare, evaluate, open_runner
from training.run import train_recipe, train_run
from training.runner import Runner
from training.stages.fusion import FusionStage
from training.tuples import Tuples

_FIGURES = ("accuracy", "weighted_precision", "weighted_f1", "macro_f1")


@pytest.fixture(scope="module")
def run(made_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    train_run("small", "tiny", made_data, folder / "run", folder / "cache", Progress(Console(quiet=True)))
    return folder / "run"


def test_a_run_leaves_a_network_that_knows_its_corpora_and_is_calibrated_for_every_subset(run: Path) -> None:
    _, card = load(run)
    assert [corpus.name for corpus in card.corpora] == ["MELD (text)", "RAVDESS", "FERPlus"]
    assert set(card.calibration) == {subset_name(subset) for subset in SUBSETS}
    assert (run / "tokenizer.json").is_file()


def test_a_run_leaves_voices_and_faces_for_8_bit_graphs_to_be_measured_on(run: Path) -> None:
    typical = load_typical(run)
    assert set(typical) == {"audio", "video"}
    for inputs, mask in typical.values():
        assert 1 < len(inputs) == len(mask)
        assert inputs.std() > 0.1


@pytest.mark.parametrize("left", [b"", b"abc", b"\x80\x02X", b"PK\x03\x04", b"<html>404: Not Found</html>", "a list"])
def test_a_network_that_is_damaged_or_never_was_one_is_named_in_one_line(tmp_path: Path, left: bytes | str) -> None:
    if isinstance(left, bytes):
        (tmp_path / "network.pt").write_bytes(left)
    else:
        torch.save([left], tmp_path / "network.pt")
    with pytest.raises(BundleError, match=r"network\.pt: damaged or of another version \(.+\); .*--resume") as refused:
        load(tmp_path)
    assert "\n" not in str(refused.value)


def test_an_encoder_that_is_trained_again_takes_its_own_heads_into_the_network(
    run: Path, made_data: Path, tmp_path: Path
) -> None:
    again, quiet, recipe = tmp_path / "run", Progress(Console(quiet=True)), find("small", "tiny")
    shutil.copytree(run, again)
    train_recipe(recipe, made_data, again, tmp_path / "cache", quiet, only=("text-taught",), epochs=3)
    train_recipe(recipe, made_data, again, tmp_path / "cache", quiet, resume=True)
    left = torch.load(again / "text-taught" / "best.pt", weights_only=True)
    before = torch.load(run / "text-taught" / "best.pt", weights_only=True)
    assert not torch.equal(left["heads.emotion.weight"], before["heads.emotion.weight"])
    state = load(again)[0].state_dict()
    for name, weight in left.items():
        kind, rest = name.split(".", 1)
        place = f"encoders.text.{rest}" if kind == "encoder" else f"fusion.heads.text.{rest}"
        assert torch.equal(state[place], weight), name
    written = (again / "fusion" / "best.pt").stat().st_mtime_ns
    train_recipe(recipe, made_data, again, tmp_path / "cache", quiet, resume=True)
    assert (again / "fusion" / "best.pt").stat().st_mtime_ns == written  # now everything is finished


def test_a_fusion_of_other_encoders_is_refused(run: Path, made_data: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    recipe = find("small", "tiny")
    *stages, fusion = recipe.stages
    assert isinstance(fusion, FusionStage)
    other = msgspec.structs.replace(fusion, encoders={**fusion.encoders, "text": "text-meld"})
    changed = msgspec.structs.replace(recipe, stages=(*stages, other))
    with pytest.raises(TrainingError, match=r"fusion: was trained with stage encoders .*text-taught.*text-meld"):
        train_recipe(
            changed, made_data, tmp_path / "run", tmp_path / "cache", Progress(Console(quiet=True)), resume=True
        )


def test_every_subset_is_measured_with_its_interval(run: Path, made_data: Path) -> None:
    metrics = evaluate(run, made_data, run.parent / "cache", "dev", Progress(Console(quiet=True)))
    f1 = [m for m in metrics if m.name == "emotion weighted F1"]
    assert {m.modalities for m in f1} == {subset_name(subset) for subset in SUBSETS}
    assert all(m.low is not None and m.high is not None and m.low <= m.value <= m.high for m in f1)
    assert all(m.split == "dev" and m.n > 0 for m in metrics)


def test_a_corpus_without_speakers_of_a_split_is_passed_over(run: Path, made_data: Path) -> None:
    metrics = evaluate(run, made_data, run.parent / "cache", "calibration", Progress(Console(quiet=True)))
    recalls = {
        m.data.split(",")[0] for m in metrics if m.name == "emotion unweighted recall" and m.modalities == "audio"
    }
    assert recalls
    assert "EMOVO" not in recalls


@pytest.mark.parametrize("audio", ["wav2vec2", "lstm-mfcc"])
def test_an_encoder_of_any_number_of_steps_is_measured_alone(audio: str, made_data: Path, tmp_path: Path) -> None:
    choices = {"text": "none", "video": "none", "audio": audio, "data": "speech"}
    recipe, quiet = find("modular", "tiny", choices), Progress(Console(quiet=True))
    train_recipe(recipe, made_data, tmp_path / "run", tmp_path / "cache", quiet, epochs=1, max_steps=1)
    metrics = evaluate(tmp_path / "run", made_data, tmp_path / "cache", "dev", quiet)
    recalls = [m for m in metrics if m.name == "emotion unweighted recall"]
    assert {m.data.split(",")[0] for m in recalls} == {"RAVDESS", "CREMA-D (re-synthesised)", "nEMO", "EMOVO"}
    assert {m.modalities for m in metrics} == {"audio"}


def test_a_training_that_is_there_is_thrown_away_only_where_that_is_asked(made_data: Path, tmp_path: Path) -> None:
    command = ["train", "--size", "tiny", "--data", str(made_data), "--out", str(tmp_path / "run")]
    command += ["--cache", str(tmp_path / "cache"), "--steps", "1", "--stage", "text-meld"]
    assert CliRunner().invoke(app, command).exit_code == 0
    left = (tmp_path / "run" / "text-meld" / "last.pt").read_bytes()
    refused = CliRunner().invoke(app, command).exception
    assert isinstance(refused, TrainingError)
    assert "text-meld: a training is there already; --resume" in str(refused)
    assert (tmp_path / "run" / "text-meld" / "last.pt").read_bytes() == left
    other = CliRunner().invoke(app, [*command[:-1], "video-faces"])
    assert not isinstance(other.exception, TrainingError), other.exception  # another stage of the run is free
    assert CliRunner().invoke(app, [*command, "--resume", "--anew"]).exit_code == 2
    assert CliRunner().invoke(app, [*command, "--anew"]).exit_code == 0


@pytest.mark.slow
def test_a_modality_may_be_calibrated_on_augmented_samples_alone(
    run: Path, made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrated_on: dict[str, Tuples] = {}

    def remember(runner: Runner, tuples: Tuples, coverage: float) -> dict[str, Calibration]:
        calibrated_on[name] = tuples
        return calibrate(runner, tuples, coverage)

    monkeypatch.setattr("training.stages.fusion.calibrate", remember)
    for name, modalities in (("as they are", ()), ("augmented", ("audio",))):
        recipe = find("small", "tiny")
        *encoders, fusion = recipe.stages
        assert isinstance(fusion, FusionStage)
        stages = (*encoders, msgspec.structs.replace(fusion, calibrated_augmented=modalities))
        shutil.copytree(run, tmp_path / name)
        train_recipe(
            msgspec.structs.replace(recipe, stages=stages),
            made_data,
            tmp_path / name,
            tmp_path / "cache",
            Progress(Console(quiet=True)),
            only=("fusion",),
        )
    (plain, augmented) = (tuples.pools for tuples in calibrated_on.values())
    assert len(plain["audio"].views) == len(augmented["audio"].views) == 1
    same = {m: np.array_equal(plain[m].views[0].embedding, augmented[m].views[0].embedding) for m in plain}
    assert same == {"text": True, "audio": False, "video": True}
    fitted = [load(tmp_path / name)[1].calibration for name in calibrated_on]
    assert all(fitted[0][subset] == fitted[1][subset] for subset in ("text", "video", "text+video"))


def test_every_encoder_leaves_its_figures_and_confusion_matrices_for_tensorboard(run: Path) -> None:
    for stage in ("text-meld", "text-taught", "audio-speech", "audio-whisper", "video-faces"):
        scalars, pictures = _events(run / stage)
        assert {"loss/step", "loss/epoch", "learning_rate/x1"} <= scalars
        for head in ("", "sentiment_"):
            assert {f"calibration/{head}{figure}" for figure in _FIGURES} <= scalars
        assert pictures == {"confusion/emotion", "confusion/sentiment"}


def test_the_fusion_leaves_them_of_every_subset(run: Path) -> None:
    scalars, pictures = _events(run / "fusion")
    names = [subset_name(subset) for subset in SUBSETS]
    for head in ("", "sentiment_"):
        assert {f"calibration/{name}/{head}{figure}" for name in names for figure in _FIGURES} <= scalars
    assert pictures == {f"confusion/{name}/{head}" for name in names for head in ("emotion", "sentiment")}


def test_figures_averaged_over_corpora_count_each_corpus_alike() -> None:
    right, wrong = np.zeros(9, np.int64), np.ones(1, np.int64)
    answers = Answers("emotion", ("joy", "fear"), np.concatenate([right, wrong]), np.zeros(10, np.int64))
    corpora = np.array(["large"] * 9 + ["small"])
    assert figures_of((answers,))["accuracy"] == pytest.approx(0.9)
    assert figures_of((answers,), corpora)["accuracy"] == pytest.approx(0.5)


def _events(folder: Path) -> tuple[set[str], set[str]]:
    """Names of the scalars and of the pictures in a stage's event file, each with something in it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder)).Reload()
    tags = found.Tags()
    assert all(np.isfinite(found.Scalars(tag)[-1].value) for tag in tags["scalars"])
    assert all(found.Images(tag)[-1].encoded_image_string.startswith(b"\x89PNG") for tag in tags["images"])
    return set(tags["scalars"]), set(tags["images"])


def test_a_figure_beside_that_of_another_network_shows_its_change() -> None:
    shared = Metric("emotion weighted F1", 0.62, "MELD", "dev", "text", 1109)
    before = (shared, Metric("emotion weighted F1", 0.50, "MELD", "dev", "audio", 1109))
    after = (msgspec.structs.replace(shared, value=0.61), Metric("emotion accuracy", 0.7, "MELD", "dev", "text", 1109))
    (change,) = changes(before, after)
    assert (change.before, change.after.value) == (0.62, 0.61)
    assert change.difference == pytest.approx(-0.01)


@pytest.mark.slow
def test_a_run_beside_itself_has_not_changed(run: Path, made_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = compare(run, run, made_data, run.parent / "cache", "dev", Progress())
    assert len(found) > 20
    assert all(change.difference == 0 for change in found)
    assert "+0.000" in capsys.readouterr().out


def test_every_sentence_of_our_own_is_judged_by_the_words_alone(run: Path) -> None:
    judged = judge_lines(*open_runner(run), Progress(Console(quiet=True)))
    assert [line for line, _ in judged] == list(LINES)
    assert all(sum(decision.emotion_probs) == pytest.approx(1) for _, decision in judged)


def test_help_needs_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    code = "import sys; from training.cli import app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    output = CliRunner().invoke(app, ["--help"]).output
    assert all(verb in output for verb in ("train", "evaluate", "report"))


@pytest.mark.parametrize("flag", ["--epochs", "--steps"])
def test_a_training_of_no_length_is_refused(made_data: Path, tmp_path: Path, flag: str) -> None:
    found = CliRunner().invoke(app, ["train", "--data", str(made_data), "--out", str(tmp_path / "run"), flag, "0"])
    assert found.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_the_model_card_has_every_corpus_and_every_figure_of_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "fusion.onnx").write_bytes(b"graph")
    metric = Metric("emotion weighted F1", 0.6123, "MELD, gold text", "dev", "text", 1109, 0.58, 0.64)
    of_fear = Metric("emotion F1", 0.171, "MELD, gold text", "dev", "text", 40, 0.04, 0.3, "fear")
    mistake = Metric("taken for anger", 0.35, "MELD, gold text", "dev", "text", 40, of="fear")
    corpus = Corpus("MELD (text)", "GPL-3.0", "text encoder")
    manifest = Manifest(
        name="made",
        version="3",
        recipe="small/tiny",
        opset=17,
        precision="fp32",
        fusion=FusionPart(name="gated"),
        metrics=(metric, of_fear, mistake),
        corpora=(corpus,),
    )
    write_manifest(tmp_path, manifest)
    decision = Decision((0.0, 0.0, 0.0, 0.8, 0.2, 0.0, 0.0), (0.0, 0.2, 0.8), 3, 2, (3, 4), (2,))
    card = render(read(tmp_path), [Judged(Line("sarcasm", "Oh great.", "anger"), decision)])
    assert "`made`, version 3" in card
    assert "**MELD, gold text** (text, n = 1109)\n\n- emotion weighted F1: 0.612 [0.580, 0.640]" in card
    assert "| MELD (text) | GPL-3.0 | text encoder |" in card
    assert "| MELD, gold text | text | - | - | 0.17 [0.04, 0.30] | - |" in card
    assert "| MELD, gold text | fear | anger | 0.35 | 40 |" in card
    assert "| sarcasm |  | Oh great. | anger | **joy** 0.80 | joy, neutral |" in card
    assert "--size tiny --data DATA --out RUN --stage audio-speech  # 1 epoch of ravdess" in card
    assert all(title in card for title in ("## Intended use", "## Not for", "## Known limits"))
