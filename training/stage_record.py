"""What each stage of a run was trained as, `recipe.json` in its folder: a run is only gone on with as what it is.

One file for each stage, as stages of one run may be trained side by side.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from models.checkpoint import FILE as NETWORK
from models.checkpoint import TYPICAL
from models.network import to_data
from training.errors import TrainingError
from training.progress import Progress
from training.recipes.recipe import Recipe, Stage
from training.stages.unimodal import BEST, UnimodalStage, trained_by
from training.upstream import upstream

FILE: Final = "recipe.json"
_TRAINED: Final = "last.pt"
_PACE: Final = ("loop", "rate_factors", "coverage")
"""Of a stage, what may change on the way: how long and how fast it learns, and what is fitted at its end."""
_ELSEWHERE: Final = ("name", "encoding", *_PACE)
_GROUPS: Final = ("text", "sound", "face", "matching")
"""Settings of their own, which are told and compared one by one."""
_RESUMED: Final = "resume it with the choices that it was trained with, or give another --out"
_COMPARED: Final = "ask for the training that is there, or give another --out"


class StageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe's name, size and choices, and the parts that one stage trains."""

    recipe: str
    size: str
    choices: dict[str, str]
    parts: dict[str, dict[str, Any]]
    """The encoders and the fusion by modality and name, and `stage`: plain data."""
    upstream: dict[str, str] = {}
    """What it learned from, see `training.upstream`. An older record has none, nor a pace."""
    pace: dict[str, Any] = {}
    """What may change on the way, as it was last."""


def enter(run: Path, recipe: Recipe, stage: Stage, progress: Progress, *, resume: bool) -> None:
    """Write the stage's record; or, where it is gone on with, hold it against the one that is there. An older run has none and passes.

    Where what it was trained from has been trained again since, it begins anew, and says so: its heads would sit on other weights.

    Raises:
        TrainingError: the stage was trained as something else; it names what the run has and what was asked.
    """
    folder, asked = run / stage.name, _record(run, recipe, stage)
    if resume and is_trained(folder):
        found = _read(folder / FILE)
        if found is None:
            return
        _refuse_other_parts(folder, found.parts, asked.parts, _RESUMED)
        changed = [name for name, sha256 in found.upstream.items() if asked.upstream.get(name, sha256) != sha256]
        if not changed:
            _write(folder, msgspec.structs.replace(found, pace=asked.pace))
            return
        progress.say(f"{stage.name}: begins anew, as {' and '.join(changed)} have changed since")
    folder.mkdir(parents=True, exist_ok=True)
    forget(run, stage.name)
    _write(folder, asked)


def is_trained(folder: Path) -> bool:
    """Whether something was trained there; of a soup, whichever seed."""
    return any(folder.rglob(_TRAINED))


def forget(run: Path, stage: str) -> None:
    """Begin a stage anew: what a training before this one left would be resumed, taken by a later stage, or exported, as this one's."""
    folder = run / stage
    # Of a soup, there is a folder for each seed.
    for path in (*folder.rglob(_TRAINED), *folder.rglob(BEST), run / NETWORK, run / TYPICAL):
        path.unlink(missing_ok=True)  # several processes may train one stage


def check_run(run: Path, recipe: Recipe) -> None:
    """Refuse to go on with a run of another recipe, size or choice, whichever of its stages are there.

    Raises:
        TrainingError: it names what the run has, what was asked, and the mend.
    """
    for path in _records(run):
        if (found := _read(path)) is not None:
            _refuse_other_recipe(run, found, recipe)


def check_same(run: Path, recipe: Recipe) -> None:
    """Refuse figures of a run that is not this very training, its pace included; what an older record does not hold passes.

    Raises:
        TrainingError: as `check_run`.
    """
    check_run(run, recipe)
    for stage in recipe.stages:
        folder, asked = run / stage.name, _record(run, recipe, stage)
        if (found := _read(folder / FILE)) is not None:
            _refuse_other_recipe(run, found, recipe)
            there = found.parts | {"loop": found.pace}
            _refuse_other_parts(folder, there, asked.parts | {"loop": asked.pace}, _COMPARED)


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


def _record(run: Path, recipe: Recipe, stage: Stage) -> StageRecord:
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
    settings = {name: value for name, value in fields.items() if name not in (*_ELSEWHERE, *_GROUPS)}
    settings |= {f"{group} {key}": v for group in _GROUPS for key, v in fields.get(group, {}).items()}
    parts["stage"] = settings | {"optimiser": stage.loop.optimiser, "seed": stage.loop.seed}
    pace = fields["loop"] | {name: fields[name] for name in _PACE[1:] if name in fields}
    record = StageRecord(
        recipe=recipe.name,
        size=recipe.size,
        choices=recipe.choices,
        parts=parts,
        upstream=upstream(run, stage),
        pace=pace,
    )
    return msgspec.json.decode(msgspec.json.encode(record), type=StageRecord)  # as it will be read: tuples become lists


def _refuse_other_recipe(run: Path, found: StageRecord, recipe: Recipe) -> None:
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


def _refuse_other_parts(
    folder: Path, found: dict[str, dict[str, Any]], asked: dict[str, dict[str, Any]], mend: str
) -> None:
    """A value that only one side has came with another version of the code; its absence is no contradiction."""
    if found.keys() != asked.keys():
        raise TrainingError(f"{folder}: was trained with {', '.join(found)}, asked is {', '.join(asked)}; {mend}")
    for part, values in found.items():
        for key in ("name", *values):  # another part has other values altogether: its name is what differs
            if key in values and key in asked[part] and values[key] != asked[part][key]:
                raise TrainingError(
                    f"{folder}: was trained with {part} {key} {values[key]!r}, asked is {asked[part][key]!r}; {mend}"
                )


def _records(run: Path) -> Iterator[Path]:
    return (path for path in sorted(run.glob(f"*/{FILE}")) if is_trained(path.parent))


def _write(folder: Path, record: StageRecord) -> None:
    draft = folder / f"{FILE}.{os.getpid()}.part"  # several processes may train one stage
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    draft.replace(folder / FILE)


def _read(path: Path) -> StageRecord | None:
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=StageRecord)
    except msgspec.MsgspecError as err:
        raise TrainingError(f"{path}: damaged ({err}); delete it, and the stage is resumed unchecked") from err
