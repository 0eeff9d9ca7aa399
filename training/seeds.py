"""One recipe with several seeds: how much of a difference is chance."""

from training.progress import Progress
from training.recipes.recipe import Recipe
from training.studies import (
    TITLES,
    Examined,
    Outcome,
    Place,
    mean_and_deviation,
    seeded,
    train_once,
    write_csv,
    write_markdown,
)


def train_seeds(
    recipe: Recipe, seeds: tuple[int, ...], place: Place, progress: Progress, *, epochs: int | None = None
) -> list[Outcome]:
    """Train and measure with each seed; finished ones are not trained again. Leaves `seeds.md` and `seeds.csv`."""
    runs = [train_once(seeded(recipe, seed), place, f"seed-{seed}", progress, epochs=epochs) for seed in seeds]
    found = [Examined(run, place, progress).outcome() for run in runs]
    rows: list[tuple[str | float, ...]] = [
        (f"seed {seed}", *figures) for seed, figures in zip(seeds, found, strict=True)
    ]
    together = [mean_and_deviation(list(values)) for values in zip(*found, strict=True)]
    rows += [("mean", *(mean for mean, _ in together)), ("deviation", *(deviation for _, deviation in together))]
    write_csv(place.out / "seeds.csv", ("", *TITLES), rows)
    progress.say(write_markdown(place.out / "seeds.md", ("", *TITLES), rows))
    return found
