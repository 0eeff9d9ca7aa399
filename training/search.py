"""Looking for better numbers with Optuna: learning rate, hidden sizes, dropout, early or late fusion, judged on calibration alone.

The study is one file of journal lines: cut off, it goes on; several machines that see the file share it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from models.graph import EncoderConfig
from models.network import Encoding, NetworkConfig
from training.errors import TrainingError
from training.pictures import new_figure, save
from training.progress import Progress
from training.recipes.recipe import Recipe
from training.run import shortened
from training.stage_record import check_run, check_same
from training.studies import Examined, Place, train_once, write_csv, write_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study, Trial

Sampler = Literal["grid", "tpe"]
GRID: Final[dict[str, tuple[float | int | str, ...]]] = {
    "learning_rate": (1e-4, 5e-4, 2e-3),
    "hidden": (64, 128, 256),
    "dropout": (0.1, 0.3, 0.5),
    "decision": ("early", "late"),
}
JOURNAL: Final = "study.jsonl"


def search(
    recipe: Recipe, place: Place, progress: Progress, *, sampler: Sampler, trials: int, epochs: int | None = None
) -> "Study":
    """Try settings until the study has so many, counting those of earlier calls.

    Leaves `study.jsonl`, `search.md`, `search.csv` and `search.png` in the study's folder, and each trial's run beside them.

    Raises:
        TrainingError: the folder's trials are of another recipe or training, or were drawn by another sampler.
    """
    import optuna  # a second that only this verb costs
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place.out.mkdir(parents=True, exist_ok=True)
    for run in sorted(place.out.glob("trial-*")):
        check_run(run, recipe)
    seed = recipe.stages[0].loop.seed
    study = optuna.create_study(
        study_name=recipe.name,
        direction="maximize",
        load_if_exists=True,
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(place.out / JOURNAL))),
        sampler=optuna.samplers.GridSampler({k: list(v) for k, v in GRID.items()}, seed=seed)
        if sampler == "grid"
        else optuna.samplers.TPESampler(seed=seed + _finished(study_file=place.out / JOURNAL)),
    )

    _refuse_other_trials(study, recipe, place, sampler, epochs)

    def objective(trial: "Trial") -> float:
        changed = with_settings(recipe, _suggest(trial, sampler))
        run = train_once(changed, place, f"trial-{trial.number}", progress, epochs=epochs)
        return Examined(run, place._replace(split="calibration"), progress).outcome().weighted_f1

    left = trials - len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    if left > 0:
        study.optimize(objective, n_trials=left)
    _write(study, place, progress)
    return study


def _refuse_other_trials(study: "Study", recipe: Recipe, place: Place, sampler: Sampler, epochs: int | None) -> None:
    """Before the first new one: a trial that fails stays in the journal."""
    from optuna.distributions import CategoricalDistribution  # as above

    for trial in study.trials:
        if not trial.params:  # cut off before it had any
            continue
        drawn_by: Sampler = (
            "grid" if isinstance(trial.distributions["learning_rate"], CategoricalDistribution) else "tpe"
        )
        if drawn_by != sampler:
            raise TrainingError(
                f"{place.out}: its trials were drawn with --sampler {drawn_by}, asked is {sampler}; "
                f"go on with --sampler {drawn_by}, or give another --out"
            )
        if trial.value is not None:
            check_same(place.out / f"trial-{trial.number}", shortened(with_settings(recipe, trial.params), epochs))


def _finished(study_file: Path) -> int:
    """Lines so far: a resumed search must not draw what it drew before."""
    return study_file.read_bytes().count(b"\n") if study_file.is_file() else 0


def _suggest(trial: "Trial", sampler: Sampler) -> dict[str, Any]:
    if sampler == "grid":
        return {name: trial.suggest_categorical(name, values) for name, values in GRID.items()}
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True),
        "hidden": trial.suggest_categorical("hidden", GRID["hidden"]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
        "decision": trial.suggest_categorical("decision", GRID["decision"]),
    }


def with_settings(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with a learning rate for every stage, a dropout for every part, and the fusion's hidden size and decision.

    Of a part with a backbone, which may be frozen, it is the head's.
    """
    stages = tuple(
        msgspec.structs.replace(
            stage, loop=msgspec.structs.replace(stage.loop, learning_rate=settings["learning_rate"])
        )
        for stage in recipe.stages
    )
    encodings = {
        m: Encoding(e.spec, _changed(e.encoder, {_dropout(e.encoder): settings["dropout"]}))
        for m, e in recipe.network.encodings.items()
    }
    fusion = _changed(recipe.network.fusion, {k: settings[k] for k in ("hidden", "dropout", "decision")})
    return msgspec.structs.replace(recipe, network=NetworkConfig(encodings, fusion), stages=stages)


def _dropout(encoder: EncoderConfig) -> str:
    return "head_dropout" if "head_dropout" in encoder.__struct_fields__ else "dropout"


def _changed(part: Any, settings: dict[str, Any]) -> Any:
    """A part with those of the settings that it has."""
    return msgspec.structs.replace(part, **{k: v for k, v in settings.items() if k in part.__struct_fields__})


def _write(study: "Study", place: Place, progress: Progress) -> None:
    done = [t for t in study.trials if t.value is not None]
    rows: list[tuple[str | float, ...]] = [
        (str(t.number), *(str(_rounded(t.params.get(name))) for name in GRID), float(t.value or 0.0))
        for t in sorted(done, key=lambda t: -(t.value or 0.0))
    ]
    header = ("trial", *GRID, "weighted F1 (calibration)")
    write_csv(place.out / "search.csv", header, rows)
    progress.say(write_markdown(place.out / "search.md", header, rows))
    save(_figure(study), place.out / "search.png")


def _rounded(value: object) -> object:
    return f"{value:.3g}" if isinstance(value, float) else value


def _figure(study: "Study") -> "Figure":
    """The score over each setting, and over the trials with the best so far."""
    done = [t for t in study.trials if t.value is not None]
    figure = new_figure(3 * (len(GRID) + 1), 3.4)
    panels = figure.subplots(1, len(GRID) + 1, sharey=True)
    scores = [100 * (t.value or 0.0) for t in done]
    panels[0].plot([t.number for t in done], scores, "o")
    panels[0].plot([t.number for t in done], [max(scores[: i + 1]) for i in range(len(scores))], drawstyle="steps-post")
    panels[0].set_xlabel("trial")
    panels[0].set_ylabel("weighted F1, %")
    for axes, name in zip(panels[1:], GRID, strict=True):
        values = [t.params[name] for t in done]
        axes.plot([str(v) for v in values] if isinstance(values[0], str) else values, scores, "o")
        axes.set_xlabel(name.replace("_", " "))
        if name == "learning_rate":
            axes.set_xscale("log")
    return figure
