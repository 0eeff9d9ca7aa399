"""A whole run: the stages of a recipe, in order."""

import shutil
from pathlib import Path

import msgspec

from models.checkpoint import TOKENIZER, Card
from training import recipes
from training.corpora import CORPORA
from training.errors import TrainingError
from training.pretrained import minilm_tokenizer_file
from training.progress import Progress
from training.recipes.recipe import Recipe, Size, Stage
from training.stage_record import check_run, enter, forget, forget_others, is_trained
from training.stages.dialogue import DialogueStage, train_dialogue
from training.stages.fusion import FusionStage, train_fusion
from training.stages.joint import JointStage, train_joint
from training.stages.unimodal import UnimodalStage, Workshop, train_unimodal


def train_run(
    name: str,
    size: Size,
    data: Path,
    run: Path,
    cache: Path,
    progress: Progress,
    *,
    only: tuple[str, ...] = (),
    epochs: int | None = None,
    max_steps: int | None = None,
    resume: bool = False,
) -> None:
    """Train the stages of a recipe by its name, or those of them that are named."""
    recipe = recipes.find(name, size)
    train_recipe(recipe, data, run, cache, progress, only=only, epochs=epochs, max_steps=max_steps, resume=resume)


def train_recipe(
    recipe: Recipe,
    data: Path,
    run: Path,
    cache: Path,
    progress: Progress,
    *,
    only: tuple[str, ...] = (),
    epochs: int | None = None,
    max_steps: int | None = None,
    resume: bool = False,
) -> None:
    """The same for a recipe in hand.

    Raises:
        TrainingError: no such stage; or the run that is to be resumed was trained as something else.
    """
    unknown = [stage for stage in only if stage not in {s.name for s in recipe.stages}]
    if unknown:
        raise TrainingError(
            f"no stage {unknown[0]!r} in {recipe.name}; it has {', '.join(s.name for s in recipe.stages)}"
        )
    recipe = shortened(recipe, epochs)
    shop = Workshop(data, run, cache)
    run.mkdir(parents=True, exist_ok=True)
    if resume:
        check_run(run, recipe)
    else:
        forget_others(run, recipe)
        # All at once, lest a run that is cut off be resumed with later stages of the training before.
        for stage in recipe.stages:
            if not only or stage.name in only:
                forget(run, stage.name)
    if "text" in recipe.network.encodings:
        shutil.copyfile(minilm_tokenizer_file(), run / TOKENIZER)
    for stage in recipe.stages:
        if only and stage.name not in only:
            continue
        enter(run, recipe, stage, progress, resume=resume)
        _train(stage, recipe, shop, progress, resume=resume, max_steps=max_steps)


def check_untrained(recipe: Recipe, run: Path, only: tuple[str, ...] = ()) -> None:
    """Hours of training are not thrown away because a command was typed twice.

    Raises:
        TrainingError: a stage that would begin anew has been trained there, to its end or not.
    """
    for stage in recipe.stages:
        if (not only or stage.name in only) and is_trained(run / stage.name):
            raise TrainingError(
                f"{run / stage.name}: a training is there already; --resume goes on with it (where it is finished, nothing is "
                "done), --anew begins again, another --out leaves it alone"
            )


def shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe with so many epochs in every stage; as it is where none are given."""
    if epochs is None:
        return recipe
    stages = [
        msgspec.structs.replace(stage, loop=msgspec.structs.replace(stage.loop, epochs=epochs))
        for stage in recipe.stages
    ]
    return msgspec.structs.replace(recipe, stages=tuple(stages))


def _train(
    stage: Stage, recipe: Recipe, shop: Workshop, progress: Progress, *, resume: bool, max_steps: int | None
) -> None:
    match stage:
        case UnimodalStage():
            train_unimodal(stage, recipe.network, shop, progress, resume=resume, max_steps=max_steps)
        case FusionStage():
            train_fusion(stage, recipe.network, _card(recipe), shop, progress, resume=resume, max_steps=max_steps)
        case DialogueStage():
            train_dialogue(stage, recipe.network, _card(recipe), shop, progress, resume=resume, max_steps=max_steps)
        case JointStage():
            train_joint(stage, recipe.network, _card(recipe), shop, progress, resume=resume, max_steps=max_steps)


def _card(recipe: Recipe) -> Card:
    used: list[str] = []
    for stage in recipe.stages:
        named = (
            stage.corpora
            if isinstance(stage, UnimodalStage | JointStage | DialogueStage)
            else [c for names in stage.corpora.values() for c in names]
        )
        used += [corpus for corpus in named if corpus not in used]
    return Card(
        name=recipe.name,
        version=recipe.version,
        recipe=recipe.name,
        size=recipe.size,
        choices=recipe.choices,
        corpora=tuple(CORPORA[corpus].corpus for corpus in used),
    )
