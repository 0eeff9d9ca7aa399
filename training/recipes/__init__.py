"""Named recipes. To add one: one file with a function of the size, one line in `RECIPES`.

What a recipe leaves open are its function's keyword arguments, each one of a few words: `--with text=bilstm`.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, get_args, get_type_hints

import msgspec

from models.exported import fitting, heads_of
from training.errors import TrainingError
from training.recipes.acoustic_rnn import acoustic_rnn
from training.recipes.bert_r3d_cnn import bert_r3d_cnn
from training.recipes.cross_modal import cross_modal
from training.recipes.modular import modular
from training.recipes.recipe import Recipe, Size, Stage
from training.recipes.small import small
from training.stages.fusion import FusionStage
from training.stages.joint import JointStage
from training.stages.unimodal import UnimodalStage
from training.weights import WEIGHTS

RECIPES: dict[str, Callable[..., Recipe]] = {
    "bert-r3d-cnn": bert_r3d_cnn,
    "modular": modular,
    "acoustic-rnn": acoustic_rnn,
    "cross-modal": cross_modal,
    "small": small,
}

RANDOM_WEIGHTS: Final = "-random-weights"


def find(name: str, size: Size, chosen: Mapping[str, str] | None = None) -> Recipe:
    """A recipe by its name, with what was chosen of what it leaves open.

    Raises:
        TrainingError: there is no such recipe, choice or value; the message names the nearest.
    """
    if name not in RECIPES:
        raise TrainingError(f"no recipe {name!r}; {_nearest(name, RECIPES)}")
    open_to = choices(name)
    for key, value in (chosen or {}).items():
        if key not in open_to:
            raise TrainingError(f"{name} has no choice {key!r}; {_nearest(key, open_to)}")
        if value not in open_to[key]:
            raise TrainingError(f"{name}: {key} cannot be {value!r}; {_nearest(value, open_to[key])}")
    recipe = RECIPES[name](size, **(chosen or {}))
    return msgspec.structs.replace(recipe, choices=_defaults(name) | dict(chosen or {}))


def parse_choices(words: Iterable[str]) -> dict[str, str]:
    """`text=bilstm` and the like, as `find` takes them.

    Raises:
        TrainingError: a word has no `=`.
    """
    pairs = [word.partition("=") for word in words]
    for key, equals, _ in pairs:
        if not equals:
            raise TrainingError(f"--with {key}: write it as NAME=VALUE, for example --with text=bilstm")
    return {key: value for key, _, value in pairs}


def from_random_weights(recipe: Recipe) -> Recipe:
    """The recipe without published weights, for a machine that has none; the version of its bundles says so."""
    stages = tuple(_fresh(stage) for stage in recipe.stages)
    return msgspec.structs.replace(recipe, version=f"{recipe.version}{RANDOM_WEIGHTS}", stages=stages)


def starts(stages: Iterable[Stage]) -> tuple[str, ...]:
    """The published weights that stages start from, each once: names in `training.weights.WEIGHTS`."""
    named = (
        stage.start.values() if isinstance(stage, JointStage) else (stage.start,)
        for stage in stages
        if isinstance(stage, JointStage | UnimodalStage)
    )
    return tuple(dict.fromkeys(name for names in named for name in names if name in WEIGHTS))


def _fresh(stage: Stage) -> Stage:
    match stage:
        case JointStage():
            return msgspec.structs.replace(stage, start={})
        case UnimodalStage(start=start) if start in WEIGHTS:
            return msgspec.structs.replace(stage, start=None)
        case _:
            return stage


def keeping(recipe: Recipe, bundle: Path, kept: Iterable[str]) -> Recipe:
    """The recipe with encoders of a bundle as they were exported: what trains them is left out.

    Raises:
        TrainingError: the recipe has no fusion of encoders that were trained apart, or not this modality.
        BundleError: the bundle is not there or damaged, or its encoders do not fit: the fusion, hours later, would be the first to say so.
    """
    *_, last = recipe.stages
    named = tuple(kept)
    if not isinstance(last, FusionStage):
        raise TrainingError(f"{recipe.name} trains its encoders together with the fusion, so that none can be kept")
    if missing := [modality for modality in named if modality not in last.encoders]:
        raise TrainingError(f"{recipe.name} has no {missing[0]!r} to keep; it has {', '.join(last.encoders)}")
    for modality, found in fitting(recipe.network, {m: bundle for m in last.encoders if m in named}).items():
        heads_of(found, modality)
    stages = (s for s in recipe.stages[:-1] if not (isinstance(s, UnimodalStage) and s.modality in named))
    fusion = msgspec.structs.replace(last, kept={m: str(bundle) for m in last.encoders if m in named})
    return msgspec.structs.replace(recipe, stages=(*stages, fusion))


def choices(name: str) -> dict[str, tuple[str, ...]]:
    """What a recipe leaves open, and the words that it takes."""
    hints = get_type_hints(RECIPES[name])
    return {key: get_args(hints[key]) for key in _defaults(name)}


def _defaults(name: str) -> dict[str, str]:
    """What a recipe leaves open, as it is where nothing is chosen."""
    keywords = (p for p in inspect.signature(RECIPES[name]).parameters.values() if p.kind is p.KEYWORD_ONLY)
    return {p.name: p.default for p in keywords}


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known)}" if known else "it leaves nothing open"
