"""`python -m training`: one verb each."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from training.progress import Progress

app = typer.Typer(help="Train and measure the networks.", no_args_is_help=True, pretty_exceptions_enable=False)

RecipeOption = Annotated[str, typer.Option(help="A name in training/recipes.")]
SizeOption = Annotated[Literal["tiny", "full"], typer.Option(help="tiny: random weights, seconds.")]
WithOption = Annotated[
    list[str] | None, typer.Option("--with", help="What the recipe leaves open: text=bilstm; several times.")
]
EpochsOption = Annotated[int | None, typer.Option(help="Instead of the recipe's.", min=1)]
SplitOption = Annotated[Literal["calibration", "dev", "test"], typer.Option(help="What the figures are of.")]
DataOption = Annotated[Path, typer.Option(help="The folder that holds meld/, text/, audio/ and faces/.")]
CacheOption = Annotated[Path, typer.Option(help="Where computed features are kept.")]


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="The run's folder.")],
    data: DataOption,
    recipe: Annotated[str, typer.Option(help="A name in training/recipes.")] = "small",
    size: Annotated[Literal["tiny", "full"], typer.Option(help="tiny: random weights, seconds.")] = "full",
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage; may be given several times.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's, for every stage.", min=1)] = None,
    steps: Annotated[
        int | None, typer.Option(help="Stop every stage after this many; --resume goes on.", min=1)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run was cut off.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Throw away what is trained there, and begin again.")] = False,
    chosen: WithOption = None,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="Start without published weights; the version says so.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="Take this encoder (text, audio or video) from --kept-from as it is, and train the others; several times."
        ),
    ] = None,
    kept_from: Annotated[Path, typer.Option(help="A bundle.")] = Path("streamer/bundles/small"),
    cache: CacheOption = Path("cache"),
) -> None:
    """Train a recipe, stage by stage."""
    from training import recipes  # torch takes seconds to import; --help should not
    from training.run import check_untrained, train_recipe

    if resume and anew:
        raise typer.BadParameter("--resume goes on, --anew begins again; give one of them")
    found, only = recipes.find(recipe, size, recipes.parse_choices(chosen or ())), tuple(stage or ())
    if keep:
        found = recipes.keeping(found, kept_from, keep)
    if not (resume or anew):
        check_untrained(found, out, only)
    train_recipe(
        recipes.from_random_weights(found) if random_weights else found,
        data,
        out,
        cache,
        Progress(),
        only=only,
        epochs=epochs,
        max_steps=steps,
        resume=resume,
    )


@app.command()
def fetch(recipe: RecipeOption, size: SizeOption = "full", chosen: WithOption = None) -> None:
    """Bring the published weights that a recipe starts from, where they are not here."""
    from training import recipes  # as above
    from training.published import fetch as bring

    bring(recipes.starts(recipes.find(recipe, size, recipes.parse_choices(chosen or ())).stages))


@app.command()
def evaluate(
    target: Annotated[Path, typer.Argument(help="A run's folder, or a bundle.")],
    data: DataOption,
    split: Annotated[Literal["calibration", "dev", "test"], typer.Option(help="dev is what is reported.")] = "dev",
    cache: CacheOption = Path("cache"),
    pictures: Annotated[Path | None, typer.Option(help="Where confusion matrices go; runs/evaluate-NAME.")] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Another run or bundle, say the one in fp32: the change of each figure is shown."),
    ] = None,
) -> None:
    """Print every figure of a run or a bundle, with intervals; in MELD's terms where the data is MELD with its clips."""
    from training.report import compare  # as above
    from training.report import evaluate as measure

    if beside is None:
        measure(target, data, cache, split, Progress(), pictures=pictures)
    else:
        compare(target, beside, data, cache, split, Progress(), pictures=pictures)


@app.command("mini-meld")
def mini_meld(
    folder: Annotated[Path, typer.Argument(help="New, or of an earlier call.")],
    data: Annotated[
        Path | None, typer.Option(help="Research data with av/: some clips are then of real people.")
    ] = None,
) -> None:
    """Make a MELD of a few dialogues in the official layout."""
    from training.mini_meld import make  # decoders and pictures take a second to import

    Progress().say(f"{folder}: {make(folder, data)} clips")


@app.command()
def report(
    bundle: Annotated[Path, typer.Option(help="Its manifest takes the figures.")],
    data: DataOption,
    card: Annotated[Path, typer.Option(help="The model card to write.")] = Path("MODEL_CARD.md"),
    cache: CacheOption = Path("cache"),
) -> None:
    """Measure a bundle, write the figures into its manifest and the model card."""
    from training.report import report as write  # as above

    write(bundle, data, cache, card, Progress())


@app.command()
def eda(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("runs/eda.html"),
) -> None:
    """Look at MELD: labels, lengths, speakers, transitions, defects, as one HTML file."""
    from training import eda as look  # pictures take a second to import
    from training.eda_report import markdown, write_report

    progress, tables = Progress(), write_report(data, out)
    for cells in (look.imbalance(tables), look.repeated_words(tables), look.defects(tables), look.oddities(tables)):
        progress.say(markdown(cells))
    progress.say(f"{out}")


@app.command("leak-check")
def leak_check(data: DataOption) -> None:
    """Show what oversampling before the split would have reported, beside the truth."""
    from training.leak_check import leak_check as check  # scikit-learn takes seconds to import
    from training.leak_check import markdown

    Progress().say(markdown(check(data)))


@app.command()
def prosody(
    run: Annotated[Path, typer.Option(help="A finished run's folder, or a bundle; it reads text.")],
    data: DataOption,
    cache: CacheOption = Path("cache"),
) -> None:
    """Say whether MELD's prosody, as Praat measured it, adds to the words; writes nothing."""
    from training.prosody import prosody_study  # as above

    prosody_study(run, data, cache, Progress())


@app.command()
def ablate(
    recipe: RecipeOption,
    data: DataOption,
    out: Annotated[Path, typer.Option(help="The study's folder; finished trainings in it are not repeated.")],
    size: SizeOption = "full",
    chosen: WithOption = None,
    epochs: EpochsOption = None,
    split: SplitOption = "dev",
    cache: CacheOption = Path("cache"),
) -> None:
    """Train and measure all subsets of a recipe's modalities, and one network with modalities masked."""
    from training.ablate import ablate as study  # torch, as above
    from training.recipes import find, parse_choices
    from training.studies import Place

    study(find(recipe, size, parse_choices(chosen or ())), Place(data, out, cache, split), Progress(), epochs=epochs)


@app.command()
def seeds(
    recipe: RecipeOption,
    data: DataOption,
    out: Annotated[Path, typer.Option(help="The study's folder; finished trainings in it are not repeated.")],
    seed: Annotated[
        list[int] | None, typer.Option(help="May be given several times; 17 to 21 where not.", min=0)
    ] = None,
    size: SizeOption = "full",
    chosen: WithOption = None,
    epochs: EpochsOption = None,
    split: SplitOption = "dev",
    cache: CacheOption = Path("cache"),
) -> None:
    """Train with several seeds: mean and deviation of every figure."""
    from training.recipes import find, parse_choices
    from training.seeds import train_seeds  # torch, as above
    from training.studies import Place

    place = Place(data, out, cache, split)
    train_seeds(
        find(recipe, size, parse_choices(chosen or ())), tuple(seed or range(17, 22)), place, Progress(), epochs=epochs
    )


@app.command("leave-speakers-out")
def leave_speakers_out(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="The study's folder; an earlier call's is gone on with.")],
    recipe: RecipeOption = "small",
    folds: Annotated[int, typer.Option(help="Trainings; each leaves out as many of the speakers.", min=2)] = 5,
    fold: Annotated[
        list[int] | None, typer.Option(help="Only this one, from 1; several times. The table comes when all are there.")
    ] = None,
    size: SizeOption = "full",
    epochs: EpochsOption = None,
    cache: CacheOption = Path("cache"),
) -> None:
    """Train a recipe's voice until every speaker has been a stranger once: what the next stranger may expect."""
    from training.leave_speakers_out import Folds  # torch, as above
    from training.leave_speakers_out import leave_speakers_out as study
    from training.recipes import find

    study(Folds(find(recipe, size), data, out, cache, folds, Progress(), epochs=epochs), tuple(fold or ()))


@app.command()
def search(
    recipe: RecipeOption,
    data: DataOption,
    out: Annotated[Path, typer.Option(help="The study's folder; an earlier call's is gone on with.")],
    trials: Annotated[int, typer.Option(help="In all, those of earlier calls included.", min=1)] = 20,
    sampler: Annotated[Literal["grid", "tpe"], typer.Option(help="Every combination, or where it looks good.")] = "tpe",
    size: SizeOption = "full",
    chosen: WithOption = None,
    epochs: EpochsOption = None,
    cache: CacheOption = Path("cache"),
) -> None:
    """Look for a better learning rate, size, dropout and fusion, judged on calibration."""
    from training.recipes import find, parse_choices
    from training.search import search as study  # torch, as above
    from training.studies import Place

    place = Place(data, out, cache, "calibration")
    study(
        find(recipe, size, parse_choices(chosen or ())),
        place,
        Progress(),
        sampler=sampler,
        trials=trials,
        epochs=epochs,
    )


@app.command()
def attention(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    clip: Annotated[Path, typer.Argument(help="A film with sound, of one utterance.")],
    out: Annotated[Path, typer.Option(help="Where the pictures go.")],
    text: Annotated[str | None, typer.Option(help="What is said in it.")] = None,
    cache: CacheOption = Path("cache"),
) -> None:
    """Draw which frames, moments, words and modalities counted in one clip."""
    from training.attention import look  # torch, as above

    look(run, clip, text, out, cache, Progress())


sagemaker = typer.Typer(no_args_is_help=True, help="Train on Amazon SageMaker.")
app.add_typer(sagemaker, name="sagemaker")


@sagemaker.command()
def submit(
    name: Annotated[str, typer.Option(help="Of the job; new each time.")],
    role: Annotated[str, typer.Option(help="ARN of the execution role.")],
    bucket: Annotated[str, typer.Option(help="Takes code, checkpoints, TensorBoard and model.")],
    data: Annotated[
        str,
        typer.Option(
            help="s3:// prefix of what you would give as --data: MELD's folder; for small, meld/, text/, audio/ and faces/."
        ),
    ],
    image: Annotated[str, typer.Option(help="URI of a PyTorch training container.")],
    recipe: RecipeOption,
    size: SizeOption = "full",
    chosen: WithOption = None,
    epochs: EpochsOption = None,
    instances: Annotated[int, typer.Option(help="Machines that train one network together.", min=1)] = 1,
    instance_type: Annotated[str, typer.Option(help="Of the machine.")] = "ml.g5.xlarge",
    max_run_s: Annotated[int, typer.Option(help="The longest it may compute.")] = 86_400,
    spot: Annotated[bool, typer.Option(help="Spare capacity, resumed when it is taken away.")] = True,
    region: Annotated[str | None, typer.Option(help="Of AWS; that of its configuration where not given.")] = None,
) -> None:
    """Start a training job."""
    from training.recipes import parse_choices
    from training.sagemaker import Job
    from training.sagemaker import submit as start  # boto3 takes half a second to import

    job = Job(
        name=name,
        role=role,
        bucket=bucket,
        data=data,
        image=image,
        recipe=recipe,
        size=size,
        choices=parse_choices(chosen or ()),
        epochs=epochs,
        instances=instances,
        instance_type=instance_type,
        max_run_s=max_run_s,
        max_wait_s=max_run_s + 43_200,
        spot=spot,
    )
    Progress().say(start(job, region))
