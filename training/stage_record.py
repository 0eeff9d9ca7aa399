"""What each stage of a run was trained as, `recipe.json` in its folder: a run is only gone on with as what it is.

One file for each stage, as stages of one run may be trained side by side.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from models.network import to_data
from training.errors import TrainingError
from training.recipes.recipe import Recipe, Stage
from training.stages.unimodal import UnimodalStage, trained_by

FILE: Final = "recipe.json"
_TRAINED: Final = "last.pt"
_STAGE_FIELDS: Final = ("part", "features", "start", "frozen", "kept", "teacher")
"""Of a stage, what other weights or inputs would come of; how long and how fast it learns may change on the way."""


class StageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe's name, size and choices, and the parts that one stage trains."""

    recipe: str
    size: str
    choices: dict[str, str]
    parts: dict[str, dict[str, Any]]
    """The encoders and the fusion by modality and name, and `stage`: plain data."""


def enter(run: Path, recipe: Recipe, stage: Stage, *, resume: bool) -> None:
    """Write the stage's record; or, where it is gone on with, hold it against the one that is there. An older run has none and passes.

    Raises:
        TrainingError: the stage was trained as something else; it names what the run has and what was asked.
    """
    folder, asked = run / stage.name, _record(recipe, stage)
    if resume and (folder / _TRAINED).is_file():
        if (found := _read(folder / FILE)) is not None:
            _refuse_other_parts(folder, found.parts, asked.parts)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _TRAINED).unlink(missing_ok=True)  # of a training before this one: it would be resumed as this one's
    draft = folder / f"{FILE}.{os.getpid()}.part"  # several processes may train one stage
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(asked)))
    draft.replace(folder / FILE)


def check_run(run: Path, recipe: Recipe) -> None:
    """Refuse to go on with a run of another recipe, size or choice, whichever of its stages are there.

    Raises:
        TrainingError: it names what the run has, what was asked, and the mend.
    """
    for path in _records(run):
        found = _read(path)
        if found is None:
            continue
        pairs = [("recipe", "--recipe ", found.recipe, recipe.name), ("size", "--size ", found.size, recipe.size)]
        pairs += [
            (key, f"--with {key}=", value, recipe.choices[key])
            for key, value in found.choices.items()
            if key in recipe.choices
        ]
        for what, flag, there, asked in pairs:
            if there != asked:
                raise TrainingError(
                    f"{run}: was trained with {what} {there!r}, asked is {asked!r}; resume it with {flag}{there}, "
                    "or give another --out"
                )


def forget_others(run: Path, recipe: Recipe) -> None:
    """Where a run is begun anew as another recipe, what the old one's stages were says nothing any more."""
    for path in _records(run):
        found = _read(path)
        if found is not None and (found.recipe, found.size, found.choices) != (
            recipe.name,
            recipe.size,
            recipe.choices,
        ):
            path.unlink(missing_ok=True)


def _record(recipe: Recipe, stage: Stage) -> StageRecord:
    network = to_data(trained_by(stage, recipe.network) if isinstance(stage, UnimodalStage) else recipe.network)
    own = {stage.modality} if isinstance(stage, UnimodalStage) else set(network["encodings"])
    parts = {
        name: part
        for m in own
        for name, part in ((m, network["encodings"][m]["encoder"]), (f"{m} input", network["encodings"][m]["spec"]))
    }
    if not isinstance(stage, UnimodalStage):
        parts["fusion"] = network["fusion"]
    fields = msgspec.to_builtins(stage)
    parts["stage"] = {name: fields[name] for name in _STAGE_FIELDS if name in fields}
    parts["stage"]["optimiser"] = stage.loop.optimiser
    record = StageRecord(recipe=recipe.name, size=recipe.size, choices=recipe.choices, parts=parts)
    return msgspec.json.decode(msgspec.json.encode(record), type=StageRecord)  # as it will be read: tuples become lists


def _refuse_other_parts(folder: Path, found: dict[str, dict[str, Any]], asked: dict[str, dict[str, Any]]) -> None:
    """A value that only one side has came with another version of the code; its absence is no contradiction."""
    mend = "resume it with the choices that it was trained with, or give another --out"
    if found.keys() != asked.keys():
        raise TrainingError(f"{folder}: was trained with {', '.join(found)}, asked is {', '.join(asked)}; {mend}")
    for part, values in found.items():
        for key in ("name", *values):  # another part has other values altogether: its name is what differs
            if key in values and key in asked[part] and values[key] != asked[part][key]:
                raise TrainingError(
                    f"{folder}: was trained with {part} {key} {values[key]!r}, asked is {asked[part][key]!r}; {mend}"
                )


def _records(run: Path) -> Iterator[Path]:
    return (path for path in sorted(run.glob(f"*/{FILE}")) if path.with_name(_TRAINED).is_file())


def _read(path: Path) -> StageRecord | None:
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=StageRecord)
    except msgspec.MsgspecError as err:
        raise TrainingError(f"{path}: damaged ({err}); delete it, and the stage is resumed unchecked") from err
