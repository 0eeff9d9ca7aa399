"""A run is resumed as what it was trained as, or not at all."""

import io
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from rich.console import Console

from models.checkpoint import FILE as NETWORK
from models.checkpoint import TYPICAL
from models.network import NetworkConfig
from training.augment.face import FaceAugment
from training.errors import TrainingError
from training.loop import Fit
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


SOUP = msgspec.structs.replace(
    SMALL, stages=tuple(msgspec.structs.replace(s, soup=2) if s.name == STAGE else s for s in SMALL.stages)
)


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


def _begin_from_another_stage(run: Path) -> Path:
    """The weights that `_after_another_stage` starts from: an earlier training of the same encoder."""
    return Path(shutil.copytree(run / STAGE, run / "before")) / "best.pt"


def _after_another_stage(recipe: Recipe) -> Recipe:
    return _with_stage(recipe, start="before")


def _with_stage(recipe: Recipe, **changed: object) -> Recipe:
    stages = tuple(msgspec.structs.replace(s, **changed) if s.name == STAGE else s for s in recipe.stages)
    return msgspec.structs.replace(recipe, stages=stages)


def _steps(run: Path, stage: str = STAGE) -> int:
    return int(torch.load(run / stage / "last.pt", weights_only=True)["place"]["step"])


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
    _begin_from_another_stage(run)
    with pytest.raises(TrainingError, match=r"best\.pt: holds weights of another network \(size mismatch for encoder"):
        _train(_after_another_stage(_wider()), made_data, run, steps=1, resume=False)


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
    for content in (b"<html>404: Not Found</html>", b"abc"):
        path.write_bytes(content)
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
    _begin_from_another_stage(run).write_bytes(b"PK\x03\x04")
    with pytest.raises(TrainingError, match=r"best\.pt: damaged.*train the stage again \(`--stage before`\)"):
        _train(_after_another_stage(SMALL), made_data, run, steps=1, resume=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"corpora": ("ravdess",)}, r"stage corpora \['ferplus'\], asked is \['ravdess'\]"),
        ({"limit": 8}, "stage limit 16, asked is 8"),
        ({"face": FaceAugment(shift=0.4)}, "stage face shift 0.1, asked is 0.4"),
        ({"soup": 2}, "stage soup 1, asked is 2"),
        ({"loop": msgspec.structs.replace(SMALL.stages[0].loop, seed=99)}, "stage seed 17, asked is 99"),
    ],
)
def test_other_data_or_another_seed_is_another_training(
    run: Path, made_data: Path, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(TrainingError, match=f"{STAGE}: was trained with {message}; resume it with"):
        _train(_with_stage(SMALL, **changed), made_data, run, steps=2)


def test_how_long_and_how_fast_a_stage_learns_may_change_on_the_way(run: Path, made_data: Path) -> None:
    slower = msgspec.structs.replace(SMALL.stages[0].loop, learning_rate=1e-4)
    _train(_with_stage(SMALL, loop=slower), made_data, run, steps=2)
    assert _steps(run) == 2


def test_a_stage_whose_start_was_trained_again_begins_anew_and_says_so(run: Path, made_data: Path) -> None:
    weights, recipe = _begin_from_another_stage(run), _after_another_stage(SMALL)
    _train(recipe, made_data, run, steps=2, resume=False)
    _train(recipe, made_data, run, steps=3)
    assert _steps(run) == 3
    _train(SMALL, made_data, run / "again", steps=3)
    shutil.copyfile(run / "again" / STAGE / "best.pt", weights)
    said = io.StringIO()
    progress = Progress(Console(file=said))
    (run / NETWORK).write_bytes(b"of the training before")
    train_recipe(recipe, made_data, run, run / "cache", progress, only=(STAGE,), max_steps=1, resume=True)
    assert _steps(run) == 1
    assert not (run / NETWORK).exists()
    assert "video-faces: begins anew, as the weights of before have changed since" in said.getvalue()


def test_weights_of_a_training_before_are_nobodys_when_a_stage_begins_anew(run: Path, made_data: Path) -> None:
    before = torch.load(run / STAGE / "best.pt", weights_only=True)
    other = _with_stage(SMALL, loop=msgspec.structs.replace(SMALL.stages[0].loop, seed=99))
    _train(other, made_data, run, steps=2, resume=False)
    best, last = (torch.load(run / STAGE / name, weights_only=True) for name in ("best.pt", "last.pt"))
    assert any(not torch.equal(best[name], before[name]) for name in before)
    assert all(torch.equal(best[name], last["network"][name]) for name in best)  # no epoch has ended yet


def test_a_run_begun_anew_leaves_nothing_of_its_later_stages_to_be_resumed(run: Path, made_data: Path) -> None:
    for name in (NETWORK, TYPICAL):
        (run / name).write_bytes(b"of the training before")
    damaged = made_data.parent / "no such data"
    with pytest.raises(TrainingError, match="no such data"):  # cut off in its first stage
        train_recipe(SMALL, damaged, run, run / "cache", PROGRESS)
    assert not (run / STAGE / "last.pt").exists()
    assert not (run / STAGE / "best.pt").exists()
    assert not (run / NETWORK).exists(), "it would be exported as this training's"
    assert not (run / TYPICAL).exists()


@pytest.fixture(scope="module")
def trained_soup(made_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("soup")
    _train(SOUP, made_data, run, steps=1)
    return run


@pytest.fixture
def soup(trained_soup: Path, tmp_path: Path) -> Path:
    """A copy of a run whose stage is averaged over two seeds."""
    return Path(shutil.copytree(trained_soup, tmp_path / "run"))


def test_a_soup_is_guarded_as_any_other_stage(soup: Path, made_data: Path) -> None:
    with pytest.raises(TrainingError, match="was trained with size 'tiny', asked is 'full'"):
        check_run(soup, find("small", "full"))
    with pytest.raises(TrainingError, match=r"stage frozen \[\], asked is \['encoder\.'\]; resume it with"):
        _train(_with_stage(SOUP, frozen=("encoder.",)), made_data, soup, steps=2)
    _train(SOUP, made_data, soup, steps=2)
    assert {_steps(soup, f"{STAGE}/{seed}") for seed in ("seed-17", "seed-18")} == {2}


def test_a_soup_begun_anew_takes_no_seed_of_the_one_before(
    soup: Path, made_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Fit.run

    def cut_off(fit: Fit, *args: Any, **kwargs: Any) -> None:
        if fit.folder.name == "seed-18":
            raise KeyboardInterrupt
        original(fit, *args, **kwargs)

    monkeypatch.setattr(Fit, "run", cut_off)
    with pytest.raises(KeyboardInterrupt):
        _train(SOUP, made_data, soup, steps=3, resume=False)
    monkeypatch.setattr(Fit, "run", original)
    assert {path.parent.name for path in soup.rglob("last.pt")} == {"seed-17"}
    assert not (soup / STAGE / "best.pt").exists()
    _train(SOUP, made_data, soup, steps=3)
    assert _steps(soup, f"{STAGE}/seed-18") == 3


def test_a_soup_that_is_finished_leaves_the_same_file_when_it_is_resumed(soup: Path, made_data: Path) -> None:
    """Or the stage after it would take it for another."""
    before = (soup / STAGE / "best.pt").read_bytes()
    _train(SOUP, made_data, soup, steps=1)
    assert (soup / STAGE / "best.pt").read_bytes() == before
