"""A run is resumed as what it was trained as, or not at all."""

import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from rich.console import Console

from models.network import NetworkConfig
from models.video.face_cnn import FaceCnn
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
    video = msgspec.structs.replace(SMALL.network.encodings["video"], encoder=FaceCnn(width=24))
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
