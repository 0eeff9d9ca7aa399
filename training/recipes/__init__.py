"""Named recipes. To add one: one file with a function of the size, one line in `RECIPES`."""

import difflib
from collections.abc import Callable

from training.errors import TrainingError
from training.recipes.recipe import Recipe, Size
from training.recipes.small import small

RECIPES: dict[str, Callable[[Size], Recipe]] = {
    "small": small,
}


def find(name: str, size: Size) -> Recipe:
    """A recipe by its name.

    Raises:
        TrainingError: there is none; the message names the nearest.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(RECIPES)}"
        raise TrainingError(f"no recipe {name!r}; {hint}")
    return RECIPES[name](size)
