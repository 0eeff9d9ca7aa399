"""All seven subsets of the modalities: each trained by itself, and each as what one trained network says when the rest is masked."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streamer.labels import MODALITIES, Modality, subset_name
from training.calibrate import SUBSETS
from training.errors import TrainingError
from training.pictures import new_figure, save
from training.progress import Progress
from training.recipes.recipe import Recipe
from training.studies import TITLES, Examined, Outcome, Place, restricted, train_once, write_csv, write_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = ("unimodal", "bimodal", "trimodal")


class Ablated(NamedTuple):
    """One subset."""

    subset: frozenset[Modality]
    trained: Outcome
    """A network that has only these modalities."""
    masked: Outcome
    """The network that has all, hearing only these."""


def ablate(recipe: Recipe, place: Place, progress: Progress, *, epochs: int | None = None) -> list[Ablated]:
    """Train and measure every subset that the recipe has; finished ones are not trained again.

    Leaves `ablation.md`, `ablation.csv` and `ablation.png` in the study's folder.

    Raises:
        TrainingError: the recipe has one modality, or is not trained on clips in one piece.
    """
    has = frozenset(recipe.network.encodings)
    if len(has) < 2:
        raise TrainingError(f"{recipe.name} has {subset_name(has)} alone: there is nothing to take away")
    subsets = [subset for subset in SUBSETS if subset <= has]
    whole = Examined(
        train_once(restricted(recipe, has), place, subset_name(has), progress, epochs=epochs), place, progress
    )
    found = []
    for subset in subsets:
        run = train_once(restricted(recipe, subset), place, subset_name(subset), progress, epochs=epochs)
        alone = whole if subset == has else Examined(run, place, progress)
        found.append(Ablated(subset, alone.outcome(), whole.outcome(subset)))
        progress.say(f"{subset_name(subset)}: weighted F1 {found[-1].trained.weighted_f1:.3f}")
    _write(recipe, place, found, progress)
    return found


def _write(recipe: Recipe, place: Place, found: list[Ablated], progress: Progress) -> None:
    header = ("", "modalities", *TITLES, *(f"{title}, rest masked" for title in TITLES))
    rows = [(_KINDS[len(a.subset) - 1], subset_name(a.subset), *a.trained, *a.masked) for a in found]
    write_csv(place.out / "ablation.csv", header, rows)
    progress.say(write_markdown(place.out / "ablation.md", header, rows))
    save(_figure(recipe, place, found), place.out / "ablation.png")


def _figure(recipe: Recipe, place: Place, found: list[Ablated]) -> "Figure":
    figure = new_figure(9, 4.5)
    axes = figure.subplots()
    places = np.arange(len(found))
    axes.bar(places - 0.2, [100 * a.trained.weighted_f1 for a in found], 0.4, label="trained so")
    axes.bar(places + 0.2, [100 * a.masked.weighted_f1 for a in found], 0.4, label="one network, the rest masked")
    names = ["+".join(m for m in MODALITIES if m in a.subset) for a in found]
    axes.set_xticks(places, names, rotation=20, ha="right")
    axes.set_ylabel("weighted F1, %")
    axes.set_title(f"{recipe.name} ({recipe.size}), {place.split}")
    axes.legend()
    return figure
