"""The model card, written from the manifest: every figure in it was printed by a command."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from streamer.bundle import Bundle, Manifest, Metric
from streamer.calibration import Decision
from streamer.labels import EMOTIONS
from training.by_emotion import TAKEN_FOR, rows
from training.errors import TrainingError
from training.made_lines import Judged, Line
from training.recipes import RANDOM_WEIGHTS, find, from_random_weights, parse_choices, starts
from training.recipes.recipe import Recipe, Stage
from training.stages.fusion import FusionStage
from training.stages.unimodal import UnimodalStage

_PUBLISHED: Final = {
    "minilm": "| all-MiniLM-L6-v2 (weights) | Apache-2.0 | start of the text encoder |",
    "mpnet": (
        "| all-mpnet-base-v2 (weights) | Apache-2.0 | start of the teacher from whose answers the text encoder learned; "
        "not in the bundle |"
    ),
    "whisper-tiny.en": "| Whisper tiny.en (weights) | MIT | the first layers of its encoder, as they are, in the voice encoder |",
    "bert-base": "| BERT base, uncased (weights) | Apache-2.0 | start of the text encoder |",
    "wav2vec2-base": "| wav2vec 2.0 base (weights) | Apache-2.0 | start of the voice encoder |",
    "r3d18-kinetics": "| torchvision's R3D-18, trained on Kinetics-400 (weights) | BSD-3-Clause | start of the face encoder |",
    "resnet18-imagenet": "| torchvision's ResNet-18, trained on ImageNet (weights) | BSD-3-Clause | start of the face encoder |",
    "vit-b16-imagenet": "| torchvision's ViT-B/16, trained on ImageNet (weights) | BSD-3-Clause | start of the face encoder |",
}
_USE: Final = """\
## Intended use

Live or recorded speech of one person at a time, one estimate per utterance of the emotion that is *expressed* (MELD's seven) and of its
sentiment, for research, for tools that help people notice tone, for interfaces that react to it. Text, voice and face may each be absent.

## Not for

Decisions about people: hiring, policing, schooling, credit, insurance, medicine, border control, advertising to the vulnerable. What is
measured is how an utterance sounds and looks to raters from few cultures, not what anybody feels. In the European Union, inferring
emotions at work and in education is prohibited with few exceptions (Regulation 2024/1689, article 5). Several corpora are licensed for
research or non-commercial use only; see below before any other use of the weights.
"""

_APART: Final = """\
## How it was trained

Each encoder alone, on the corpora of its modality; then the fusion on their frozen embeddings (`training/recipes/small.py` has every
number, `docs/training.md` every command). **No corpus with text, voice and face of one moment was available.** The fusion learned on
tuples matched by label: a real sample of one modality is lent a voice or a face of the same emotion from other corpora, in 45 % of
the cases; in the others a neutral or an arbitrary one, because acted voices and posed faces would otherwise look as if they never
erred. Words are never lent. A modality that is alone is judged by the heads that it was trained under, which the fusion does not change.
Figures on such tuples say that the fusion is sound, not how good it is on real people.

Splits: no speaker (voice) or dialogue (text) is in two of train, calibration and dev; FER2013 does not name its people. Epochs,
temperatures and conformal thresholds were chosen on calibration, never on dev. Contempt counts as disgust, calm as neutral; pictures
whose raters mostly saw no face or an unknown emotion are left out of FERPlus.
"""

_OTHERWISE: Final = """\
## How it was trained

By the recipe `{recipe}`, on the corpora below. No dialogue, and of acted speech no speaker, is in two of train, calibration and dev.
Epochs, temperatures and conformal thresholds were chosen on calibration, never on dev.
"""

_LIMITS: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (
        frozenset({"GoEmotions"}),
        (
            "Text was learned from one American television comedy of 1994-2004, from Reddit, chats and textbook dialogues; "
            "text is English only."
        ),
    ),
    (
        frozenset({"CREMA-D"}),
        (
            "Voices are acted; CREMA-D was re-synthesised from spectrograms. Everyday speech is less expressive, "
            "and a voice alone is the weakest sign."
        ),
    ),
    (
        frozenset({"FERPlus"}),
        (
            "Faces are 48-pixel grey pictures from the web, mostly frontal; "
            "profile, dark and covered faces are much harder than the figures say."
        ),
    ),
    (
        frozenset({"MELD", "FERPlus", "CREMA-D"}),
        "Fear and disgust are rare in MELD and FERPlus, and found least well there; in acted voices it is another emotion in each corpus.",
    ),
    (
        frozenset({"MELD"}),
        "Human raters of MELD agree only moderately (Fleiss' kappa 0.43): no model can be right more often than its labels.",
    ),
    (
        frozenset(),
        "Sarcasm is not understood. Prediction sets with several labels (`uncertain`) say where the model knows that it does not know.",
    ),
)
"""Each with the corpora that it is said of, by the first word of their names: a bundle that learned from all of them has it."""


_MISTAKES: Final = """\
## Known failures, with examples

For each set, the emotions that are most often taken for one certain other: share of the samples that are truly of the first.

| set | emotion | taken for | share | n |
|---|---|---|---|---|
"""

_LINES: Final = """\
Sentences of our own, written before the network had read them, on which words alone mislead (`training/made_lines.py`); what most people
would take them for, and what the text network says, with its prediction set:

| | said before | words | people | network | set |
|---|---|---|---|---|---|
"""


def render(bundle: Bundle, lines: Sequence[Judged] = ()) -> str:
    """The card in Markdown. `lines`: what the text network says of sentences of our own."""
    manifest = bundle.manifest
    recipe = _recipe(manifest)
    names = (*(part.name for part in manifest.parts.values()), manifest.fusion.name)
    size_mb = sum(bundle.path(name).stat().st_size for name in manifest.files) / 1e6
    text = [
        f"# Model card: `{manifest.name}`, version {manifest.version}",
        "",
        (
            "Written by `python -m training report`; do not edit. "
            f"Parts: {', '.join(names)}; {manifest.precision}, {size_mb:.1f} MB."
        ),
        "",
        _USE,
        "## Figures",
        "",
        "On dev splits, which trained and tuned nothing, measured on the exported graphs; in brackets the 95 % bootstrap interval.",
        "",
        *_figures(manifest.metrics),
        *_emotion_tables(manifest.metrics),
        *_trained(manifest, recipe),
        "## Corpora",
        "",
        "| corpus | licence | used for |",
        "|---|---|---|",
        *(f"| {c.name} | {c.licence} | {c.use} |" for c in manifest.corpora),
        *(_PUBLISHED[name] for name in _PUBLISHED if recipe and name in starts(recipe.stages)),
        "",
        *_limits(manifest),
        *_failures(manifest.metrics, lines),
    ]
    return "\n".join(text)


def _figures(metrics: tuple[Metric, ...]) -> list[str]:
    lines: list[str] = []
    of_all = [m for m in metrics if not m.of]
    for (data, modalities), group in groupby(of_all, key=lambda m: (m.data, m.modalities)):
        found = list(group)
        lines += [f"**{data}** ({modalities}, n = {found[0].n})", ""]
        lines += [f"- {m.name}: {m.value:.3f}{_interval(m)}" for m in found]
        lines.append("")
    return lines


def _emotion_tables(metrics: tuple[Metric, ...]) -> list[str]:
    """One table for each figure, a line for each set and a column for each emotion."""
    text: list[str] = []
    for name, group in groupby(sorted(rows(metrics), key=lambda row: row.name), key=lambda row: row.name):
        text += [f"### {name[0].upper()}{name[1:]}, one by one", "", f"| set | modalities | {' | '.join(EMOTIONS)} |"]
        text.append(f"|---|---|{'---|' * len(EMOTIONS)}")
        for row in group:
            cells = (f"{m.value:.2f}{_interval(m, 2)}" if (m := row.metrics.get(e)) else "-" for e in EMOTIONS)
            text.append(f"| {row.data} | {row.modalities} | {' | '.join(cells)} |")
        text.append("")
    return text


def _recipe(manifest: Manifest) -> Recipe | None:
    """What a bundle was trained by; None of somebody's own recipe, which is not among ours."""
    name, _, rest = manifest.recipe.partition("/")
    size, *chosen = rest.split()
    try:
        found = find(name, "tiny" if size == "tiny" else "full", parse_choices(chosen))
    except TrainingError:
        return None
    return from_random_weights(found) if manifest.version.endswith(RANDOM_WEIGHTS) else found


def _trained(manifest: Manifest, recipe: Recipe | None) -> list[str]:
    """How, and command by command."""
    if recipe is None:
        return [_OTHERWISE.format(recipe=manifest.recipe)]
    apart = any(isinstance(stage, FusionStage) for stage in recipe.stages)
    random = manifest.version.endswith(RANDOM_WEIGHTS)
    shipped = (recipe.name, recipe.size, random) == ("small", "full", False)
    flags = [
        f"--recipe {recipe.name}",
        f"--size {recipe.size}",
        *(f"--with {k}={v}" for k, v in recipe.choices.items()),
    ]
    flags += ["--random-weights"] if random else []
    train = f"python -m training train {' '.join(flags)} --data DATA --out RUN --stage"
    return [
        _APART if apart else _OTHERWISE.format(recipe=manifest.recipe),
        "Command by command (`make bundle` runs them):" if shipped else "Command by command:",
        "",
        "```sh",
        *(f"{train} {stage.name}{_epochs(stage)}" for stage in recipe.stages),
        f"python -m exporters export RUN --out RUN/bundle --precision {manifest.precision}",
        "python -m training report --bundle RUN/bundle --data DATA",
        *(["python -m exporters install RUN/bundle --out streamer/bundles/small"] if shipped else []),
        "```",
        "",
    ]


def _limits(manifest: Manifest) -> list[str]:
    learned = {corpus.name.split()[0] for corpus in manifest.corpora}
    return ["## Known limits", "", *(f"- {limit}" for of, limit in _LIMITS if of <= learned), ""]


def _epochs(stage: Stage) -> str:
    corpora = f" of {', '.join(stage.corpora)}" if isinstance(stage, UnimodalStage) else ""
    epochs = stage.loop.epochs
    return f"  # {epochs} epoch{'s' if epochs > 1 else ''}{corpora}"


def _failures(metrics: tuple[Metric, ...], lines: Sequence[Judged]) -> list[str]:
    taken = [m for m in metrics if m.name.startswith(TAKEN_FOR)]
    text: list[str] = []
    if taken:
        cells = (f"{m.data} | {m.of} | {m.name.removeprefix(TAKEN_FOR)} | {m.value:.2f} | {m.n}" for m in taken)
        text += [_MISTAKES + "\n".join(f"| {row} |" for row in cells), ""]
    if lines:
        text += [_LINES + "\n".join(_judged(*judged) for judged in lines), ""]
    return text


def _judged(line: Line, decision: Decision) -> str:
    """A row; in bold where the network says something else than people would."""
    said = EMOTIONS[decision.emotion]
    mark = said if said == line.meant else f"**{said}**"
    probability = decision.emotion_probs[decision.emotion]
    among = ", ".join(EMOTIONS[i] for i in decision.emotion_set)
    return f"| {line.kind} | {line.before} | {line.text} | {line.meant} | {mark} {probability:.2f} | {among} |"


def _interval(metric: Metric, digits: int = 3) -> str:
    if metric.low is None or metric.high is None:
        return ""
    return f" [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
