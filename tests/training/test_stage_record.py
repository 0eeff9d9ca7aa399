"""A run is resumed as what it was trained as, or not at all."""

import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from rich.console import Console

from models.network import NetworkConfig
from training.errors import TrainingError
from training.progress import Progress
from training.recipes import find
from training.recipes.recipe import Recipe
from training.run import train_recipe
from training.stage_record import FILE, check_run

STAGE = "video-faces"
SMALL = find("small", "tiny")
PROGRESS = Progress(Console(quiet=True))


def _train(recipe: Recipe, data: Path, run: Path, *, steps: int, resume: bool = True) -> None:
    train_recipe(recipe, data, run, run / "cache", PROGRESS, only=(STAGE,), epochs=9, max_steps=steps, resume=resume)


@pytest.fixture(scope="module")
def trained(made_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    _train(SMALL, made_data, run, steps=1)
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may go on with."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def _wider() -> Recipe:
    own = SMALL.network.encodings["video"]
    video = msgspec.structs.replace(own, encoder=msgspec.structs.replace(own.encoder, width=24))
    network = NetworkConfig({**SMALL.network.encodings, "video": video}, SMALL.network.fusion)
    return msgspec.structs.replace(SMALL, network=network)


def test_another_recipe_or_size_is_refused_with_the_way_back(run: Path, made_data: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"was trained with recipe 'small', asked is 'modular'; resume it with --recipe small, or"
    ):
        train_recipe(find("modular", "tiny"), made_data, run, run / "cache", PROGRESS, resume=True)
    with pytest.raises(TrainingError, match="trained with size 'tiny', asked is 'full'"):
        _train(find("small", "full"), made_data, run, steps=2)


def test_another_choice_is_refused_by_its_name(run: Path) -> None:
    begun = find("modular", "tiny", {"text": "bilstm"})
    path = run / STAGE / FILE
    found = msgspec.json.decode(path.read_bytes()) | {"recipe": "modular", "choices": begun.choices}
    path.write_bytes(msgspec.json.encode(found))
    check_run(run, begun)
    with pytest.raises(TrainingError, match="text 'bilstm', asked is 'minilm'; resume it with --with text=bilstm"):
        check_run(run, find("modular", "tiny", {"text": "minilm"}))


def test_a_part_of_another_size_is_refused_before_its_weights_are_loaded(run: Path, made_data: Path) -> None:
    with pytest.raises(TrainingError, match=rf"{STAGE}: was trained with video width \d+, asked is 24"):
        _train(_wider(), made_data, run, steps=2)


def test_a_run_of_before_there_were_records_goes_on(run: Path, made_data: Path) -> None:
    (run / STAGE / FILE).unlink()
    _train(SMALL, made_data, run, steps=2)
    assert not (run / STAGE / FILE).exists()


def test_a_value_that_came_with_a_later_version_is_no_other_choice(run: Path, made_data: Path) -> None:
    path = run / STAGE / FILE
    found = msgspec.json.decode(path.read_bytes())
    del found["parts"]["video"]["width"]
    path.write_bytes(msgspec.json.encode(found))
    _train(SMALL, made_data, run, steps=2)
    assert torch.load(run / STAGE / "last.pt", weights_only=True)["place"]["step"] == 2


def test_a_run_begun_anew_as_something_else_is_that_from_then_on(run: Path, made_data: Path) -> None:
    _train(_wider(), made_data, run, steps=1, resume=False)
    _train(_wider(), made_data, run, steps=2)
    with pytest.raises(TrainingError, match="was trained with video width 24"):
        _train(SMALL, made_data, run, steps=3)


def test_weights_of_another_network_are_named_by_their_file(run: Path, made_data: Path) -> None:
    stages = tuple(msgspec.structs.replace(s, start=STAGE) if s.name == STAGE else s for s in SMALL.stages)
    with pytest.raises(TrainingError, match=r"best\.pt: holds weights of another network \(size mismatch for encoder"):
        _train(msgspec.structs.replace(_wider(), stages=stages), made_data, run, steps=1, resume=False)


def test_a_checkpoint_of_another_network_without_a_record_is_refused_with_the_first_weight_that_does_not_fit(
    run: Path, made_data: Path
) -> None:
    (run / STAGE / FILE).unlink()
    with pytest.raises(
        TrainingError,
        match=r"last\.pt: holds weights of another network \(size mismatch for encoder\.\S+: .*\); resume with the recipe",
    ) as refused:
        _train(_wider(), made_data, run, steps=2)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kept_bytes", [0, 10, 5000])
def test_a_checkpoint_that_was_cut_off_is_named_with_the_mend(run: Path, made_data: Path, kept_bytes: int) -> None:
    path = run / STAGE / "last.pt"
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(TrainingError, match=r"last\.pt: damaged, or no file of weights \(.+\); delete it, and"):
        _train(SMALL, made_data, run, steps=2)
    path.unlink()
    _train(SMALL, made_data, run, steps=1)
    assert path.is_file()


def test_a_file_that_never_was_a_checkpoint_is_named(run: Path, made_data: Path) -> None:
    path = run / STAGE / "last.pt"
    path.write_bytes(b"<html>404: Not Found</html>")
    with pytest.raises(TrainingError, match=r"last\.pt: damaged, or no file of weights"):
        _train(SMALL, made_data, run, steps=2)
    torch.save({"state": {}}, path)
    with pytest.raises(TrainingError, match=r"last\.pt: no checkpoint of a training, it has no 'network'"):
        _train(SMALL, made_data, run, steps=2)


def test_a_checkpoint_whose_parameters_learnt_in_other_groups_is_refused(run: Path, made_data: Path) -> None:
    path = run / STAGE / "last.pt"
    found = torch.load(path, weights_only=True)
    found["optimiser"]["param_groups"].append({**found["optimiser"]["param_groups"][0], "params": []})
    torch.save(found, path)
    with pytest.raises(TrainingError, match=r"last\.pt: was trained with another optimiser \(.+\); resume with"):
        _train(SMALL, made_data, run, steps=2)


def test_damaged_weights_of_an_earlier_stage_are_named_with_that_stage(run: Path, made_data: Path) -> None:
    (run / STAGE / "best.pt").write_bytes(b"PK\x03\x04")
    stages = tuple(msgspec.structs.replace(s, start=STAGE) if s.name == STAGE else s for s in SMALL.stages)
    with pytest.raises(TrainingError, match=rf"best\.pt: damaged.*train the stage again \(`--stage {STAGE}`\)"):
        _train(msgspec.structs.replace(SMALL, stages=stages), made_data, run, steps=1, resume=False)
