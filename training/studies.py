"""What several trainings have in common that are to be compared: changed recipes, and figures of finished runs side by side."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from models.checkpoint import FILE, load
from models.network import NetworkConfig
from streamer.labels import MODALITIES, Modality
from training import corpora
from training.clip_scores import encode_clips
from training.clip_store import store_of
from training.errors import TrainingError
from training.evaluate_clips import judge
from training.metrics import accuracy, macro_f1, weighted_f1, weighted_precision
from training.progress import Progress
from training.recipes.recipe import Recipe
from training.run import shortened, train_recipe
from training.runner import TorchRunner
from training.samples import Split
from training.stage_record import check_same
from training.stages.joint import JointStage


class Place(NamedTuple):
    """Where a study reads and writes."""

    data: Path
    out: Path
    cache: Path
    split: Split
    """What its figures are of."""


class Outcome(NamedTuple):
    """What a run is worth: emotion, and sentiment's weighted F1."""

    accuracy: float
    weighted_precision: float
    weighted_f1: float
    macro_f1: float
    sentiment_weighted_f1: float


Rows = Sequence[tuple[str | float, ...]]
TITLES: Final = ("accuracy", "weighted precision", "weighted F1", "macro F1", "sentiment weighted F1")


def train_once(recipe: Recipe, place: Place, name: str, progress: Progress, *, epochs: int | None) -> Path:
    """Train a recipe into a folder of the study; one that is finished is not trained again.

    Returns:
        The run's folder.

    Raises:
        TrainingError: what is there, finished or not, is another training: its figures would stand in the table as this one's.
    """
    run, asked = place.out / name, shortened(recipe, epochs)
    check_same(run, asked)
    if not (run / FILE).is_file():
        train_recipe(asked, place.data, run, place.cache, progress, resume=True)
    return run


class Examined:
    """A finished run that has seen and heard all clips of a split, once, whatever is asked of it then."""

    def __init__(self, run: Path, place: Place, progress: Progress) -> None:
        """Encode the split.

        Raises:
            BundleError: the run is not finished.
            TrainingError: the split is not there.
        """
        network, card = load(run)
        self._runner, self._calibration = TorchRunner(network), card.calibration
        samples = [s for s in corpora.read(("meld-clips",), place.data) if s.split == place.split]
        if not samples:
            raise TrainingError(f"{place.data}: no samples of {place.split} there")
        store = store_of(self._runner.specs, place.cache, progress, data=place.data)
        self._clips = encode_clips(self._runner, samples, store, progress)

    def outcome(self, allowed: frozenset[Modality] = frozenset(MODALITIES)) -> Outcome:
        """The figures with some of the modalities let through."""
        judged = judge(self._runner, self._clips, self._calibration, allowed)
        true, found = judged.true_emotion, judged.emotion
        return Outcome(
            accuracy(true, found),
            weighted_precision(true, found),
            weighted_f1(true, found),
            macro_f1(true, found),
            weighted_f1(judged.true_sentiment, judged.sentiment),
        )


def restricted(recipe: Recipe, subset: frozenset[Modality]) -> Recipe:
    """The recipe with some of its modalities only.

    Raises:
        TrainingError: it is not trained in one joint stage.
    """
    stages = tuple(
        msgspec.structs.replace(
            stage,
            start={m: name for m, name in stage.start.items() if m in subset},
            frozen=tuple(m for m in stage.frozen if m in subset),
            modality_dropout=stage.modality_dropout if len(subset) > 1 else 0.0,
        )
        for stage in joint_stages(recipe)
    )
    encodings = {m: encoding for m, encoding in recipe.network.encodings.items() if m in subset}
    return msgspec.structs.replace(recipe, network=NetworkConfig(encodings, recipe.network.fusion), stages=stages)


def joint_stages(recipe: Recipe) -> list[JointStage]:
    """The stages of a recipe that is trained on clips alone.

    Raises:
        TrainingError: it has others.
    """
    stages = [stage for stage in recipe.stages if isinstance(stage, JointStage)]
    if len(stages) != len(recipe.stages):
        raise TrainingError(
            f"{recipe.name} is not trained on clips in one piece; bert-r3d-cnn, modular and cross-modal are"
        )
    return stages


def seeded(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with another seed in every stage."""
    stages = [
        msgspec.structs.replace(stage, loop=msgspec.structs.replace(stage.loop, seed=seed)) for stage in recipe.stages
    ]
    return msgspec.structs.replace(recipe, stages=tuple(stages))


def write_csv(path: Path, header: tuple[str, ...], rows: Rows) -> None:
    """A table for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_markdown(path: Path, header: tuple[str, ...], rows: Rows) -> str:
    """A table for people, figures in percent; returned as well."""
    cells = [header, tuple("---" for _ in header)]
    cells += [tuple(f"{100 * c:.1f}" if isinstance(c, float) else str(c) for c in row) for row in rows]
    text = "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def mean_and_deviation(values: list[float]) -> tuple[float, float]:
    """Of several seeds; the deviation is that of a sample (n - 1)."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
