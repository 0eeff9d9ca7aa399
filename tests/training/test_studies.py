"""Several trainings compared: subsets of modalities, seeds, settings; and what counted in one clip."""

import csv
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import optuna
import pytest

from models.checkpoint import FILE
from models.text.bert_pooled import BertPooled
from streamer.labels import MODALITIES
from tests.training.tiny_joint import STAGE, recipe
from training.ablate import ablate
from training.attention import look
from training.errors import TrainingError
from training.progress import Progress
from training.recipes import find
from training.search import JOURNAL, Sampler, search, with_settings
from training.seeds import train_seeds
from training.studies import Examined, Place, mean_and_deviation, restricted


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ablated(mini_meld: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation")
    found = ablate(recipe(), Place(mini_meld, folder, cache, "dev"), Progress(), epochs=1)
    assert len(found) == 7
    assert found[-1].trained == found[-1].masked
    return folder


@pytest.mark.slow
def test_seven_subsets_stand_in_one_table_and_one_picture(ablated: Path) -> None:
    with (ablated / "ablation.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["modalities"] for row in rows] == [
        "text", "audio", "video", "text+audio", "text+video", "audio+video", "text+audio+video",
    ]  # fmt: skip
    assert rows[3][""] == "bimodal"
    assert (ablated / "ablation.md").read_text(encoding="utf-8").count("\n") == 9
    assert (ablated / "ablation.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_what_is_finished_is_not_trained_again(ablated: Path, mini_meld: Path, cache: Path) -> None:
    trained = (ablated / "text+video" / FILE).stat().st_mtime_ns
    ablate(recipe(), Place(mini_meld, ablated, cache, "dev"), Progress(), epochs=1)
    assert (ablated / "text+video" / FILE).stat().st_mtime_ns == trained


@pytest.mark.slow
def test_what_is_finished_as_another_training_is_no_row_of_this_table(
    ablated: Path, mini_meld: Path, cache: Path
) -> None:
    place = Place(mini_meld, ablated, cache, "dev")
    with pytest.raises(TrainingError, match=r"joint: was trained with loop epochs 1, asked is 3; ask for the training"):
        ablate(recipe(), place, Progress(), epochs=3)
    dropping = recipe(msgspec.structs.replace(STAGE, modality_dropout=0.4))
    with pytest.raises(TrainingError, match=r"stage modality_dropout 0\.0, asked is 0\.4"):
        ablate(dropping, place, Progress(), epochs=1)
    other = msgspec.structs.replace(recipe(), name="modular")
    with pytest.raises(TrainingError, match=r"was trained with recipe 'made', asked is 'modular'"):
        train_seeds(other, (1,), place._replace(out=_as_seed(ablated, 1)), Progress(), epochs=1)
    with pytest.raises(TrainingError, match="was trained with stage seed 17, asked is 1"):
        train_seeds(recipe(), (1,), place._replace(out=_as_seed(ablated, 1)), Progress(), epochs=1)


def _as_seed(ablated: Path, seed: int) -> Path:
    """A folder of seeds in which another study's finished run is taken for one of its own."""
    folder = ablated.parent / "seeds"
    shutil.copytree(ablated / "text+audio+video", folder / f"seed-{seed}", dirs_exist_ok=True)
    return folder


def test_a_subset_keeps_what_belongs_to_its_modalities() -> None:
    stage = msgspec.structs.replace(STAGE, frozen=("text", "video"), modality_dropout=0.4)
    small = restricted(recipe(stage), frozenset({"video"}))
    assert set(small.network.encodings) == {"video"}
    assert small.stages[0] == msgspec.structs.replace(stage, frozen=("video",), modality_dropout=0.0)


def test_a_recipe_of_one_modality_cannot_be_ablated(mini_meld: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to take away"):
        ablate(find("acoustic-rnn", "tiny"), Place(mini_meld, tmp_path, tmp_path, "dev"), Progress())


@pytest.mark.slow
def test_seeds_give_mean_and_deviation(mini_meld: Path, cache: Path, tmp_path: Path) -> None:
    found = train_seeds(recipe(), (1, 2), Place(mini_meld, tmp_path, cache, "dev"), Progress(), epochs=1)
    with (tmp_path / "seeds.csv").open(encoding="utf-8") as file:
        rows = {row[""]: row for row in csv.DictReader(file)}
    mean, deviation = mean_and_deviation([outcome.accuracy for outcome in found])
    assert float(rows["mean"]["accuracy"]) == pytest.approx(mean)
    assert float(rows["deviation"]["accuracy"]) == pytest.approx(deviation)


def test_settings_reach_every_part_that_has_them() -> None:
    changed = with_settings(
        find("modular", "tiny"), {"learning_rate": 0.5, "hidden": 8, "dropout": 0.25, "decision": "late"}
    )
    assert changed.stages[0].loop.learning_rate == 0.5
    assert json.loads(json.dumps({"hidden": getattr(changed.network.fusion, "hidden", None)})) == {"hidden": 8}
    assert getattr(changed.network.fusion, "decision", None) == "late"
    text, audio, video = (e.encoder for e in changed.network.encodings.values())
    assert (getattr(text, "head_dropout", None), getattr(text, "dropout", None)) == (0.25, BertPooled().dropout)
    assert [getattr(encoder, "dropout", None) for encoder in (audio, video)] == [0.25, 0.25]


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_a_search_goes_on_where_it_was_cut_off(mini_meld: Path, cache: Path, tmp_path: Path, sampler: Sampler) -> None:
    place = Place(mini_meld, tmp_path, cache, "calibration")
    (first,) = search(recipe(), place, Progress(), sampler=sampler, trials=1, epochs=1).trials
    both = search(recipe(), place, Progress(), sampler=sampler, trials=2, epochs=1)
    assert len(both.trials) == 2
    assert both.trials[0].params == first.params
    assert both.trials[1].params != first.params
    assert (tmp_path / JOURNAL).is_file()
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "search.md").read_text(encoding="utf-8").count("\n") == 4


def test_a_search_in_the_folder_of_another_is_refused_and_leaves_no_failed_trial(
    mini_meld: Path, cache: Path, tmp_path: Path
) -> None:
    place = Place(mini_meld, tmp_path, cache, "calibration")
    search(recipe(), place, Progress(), sampler="tpe", trials=1, epochs=1)
    with pytest.raises(TrainingError, match=r"drawn with --sampler tpe, asked is grid; go on with --sampler tpe, or"):
        search(recipe(), place, Progress(), sampler="grid", trials=2, epochs=1)
    with pytest.raises(TrainingError, match="was trained with loop epochs 1, asked is 2"):
        search(recipe(), place, Progress(), sampler="tpe", trials=1, epochs=2)
    with pytest.raises(TrainingError, match="trained with recipe 'made', asked is 'modular'"):
        search(find("modular", "tiny"), place, Progress(), sampler="tpe", trials=1, epochs=1)
    found = search(recipe(), place, Progress(), sampler="tpe", trials=2, epochs=1)
    assert [trial.state for trial in found.trials] == [optuna.trial.TrialState.COMPLETE] * 2


def test_a_search_is_judged_on_calibration_and_needs_no_other_split(
    mini_meld: Path, cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(mini_meld / "train", tmp_path / "data" / "train")
    place = Place(tmp_path / "data", tmp_path / "study", cache, "dev")
    (trial,) = search(recipe(), place, Progress(), sampler="tpe", trials=1, epochs=1).trials
    found = Examined(place.out / "trial-0", place._replace(split="calibration"), Progress()).outcome()
    assert trial.value == pytest.approx(found.weighted_f1)


@pytest.mark.slow
def test_pictures_show_what_counted_in_a_clip(ablated: Path, mini_meld: Path, cache: Path, tmp_path: Path) -> None:
    clip = mini_meld / "dev" / "dev_splits_complete" / "dia0_utt0.mp4"
    looked = look(ablated / "text+audio+video", clip, "I am so angry with you!", tmp_path, cache, Progress())
    assert set(looked.counted) == set(MODALITIES)
    assert len(looked.counted["audio"]) == 12
    assert sum(looked.weights.values()) == pytest.approx(1.0, abs=1e-4)
    assert all(np.isfinite(values).all() for values in looked.counted.values())
    pictures = {path.name for path in tmp_path.iterdir()}
    assert pictures == {"frames.png", "sound.png", "words.png", "modalities.png"}


@pytest.mark.slow
def test_a_clip_that_is_not_there_is_an_error_of_one_line(ablated: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nope\.mp4: no such file"):
        look(ablated / "text+audio+video", tmp_path / "nope.mp4", None, tmp_path, cache, Progress())


def test_a_fusion_that_attends_across_modalities_shows_where(mini_meld: Path, cache: Path, tmp_path: Path) -> None:
    from training.studies import train_once

    place = Place(mini_meld, tmp_path, cache, "dev")
    run = train_once(find("cross-modal", "tiny"), place, "run", Progress(), epochs=1)
    look(run, mini_meld / "dev" / "dev_splits_complete" / "dia1_utt0.mp4", None, tmp_path, cache, Progress())
    assert (tmp_path / "attention.png").is_file()
    assert not (tmp_path / "words.png").exists()
