"""Leave-speakers-out: the same training several times over, until every speaker of every corpus has been a stranger to one of them.

What a split of a few speakers says depends on who they are; here all are reported. A fold's training picks nothing by its figures: it
learns as long as the recipe says, and the weights after the last epoch are measured, in torch, by the emotion's head alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from streamer.features.arrays import Int64
from streamer.labels import Modality
from training import corpora
from training.errors import TrainingError
from training.held_out import predict
from training.metrics import Interval, unweighted_recall
from training.modality_data import modality_data
from training.pictures import new_figure, save
from training.progress import Progress
from training.recipes.recipe import Recipe
from training.run import shortened, train_recipe
from training.samples import Sample, select
from training.sessions import EARLIER
from training.speakers import Fold, folded
from training.stage_record import check_same
from training.stages.fusion import FusionStage, Source, trained_encoder
from training.stages.unimodal import UnimodalStage, Workshop
from training.studies import Rows, write_csv, write_markdown
from training.team import team

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES: Final = ("corpus", "heard before", "clips", "speakers", "unweighted recall", "low", "high", "worst", "best")
"""`low` and `high`: where it lies in 95 % of draws of as many speakers; then the speaker who is told worst, and the one told best."""
_NAME: Final = "leave-speakers-out"
_ROUNDS: Final = 1000
_MODALITY: Final[Modality] = "audio"
_DONE: Final = "done"
"""Written when a fold is at its end: `best.pt` is there after its first epoch."""


class OutOfFold(NamedTuple):
    """What networks that never heard their speakers say of clips, [n] each."""

    corpus: NDArray[np.str_]
    speaker: NDArray[np.str_]
    true: Int64
    predicted: Int64

    def by_corpus(self) -> Iterator[tuple[str, "OutOfFold"]]:
        """Each corpus by itself, in the order in which they come."""
        for name in dict.fromkeys(self.corpus.tolist()):
            own = self.corpus == name
            yield name, OutOfFold(*(column[own] for column in self))

    def by_speaker(self) -> dict[str, float]:
        """Each speaker's unweighted recall."""
        own = {str(name): self.speaker == name for name in np.unique(self.speaker)}
        return {name: unweighted_recall(self.true[rows], self.predicted[rows]) for name, rows in own.items()}


class Folds:
    """A recipe's voice, trained once for each fold."""

    def __init__(
        self, recipe: Recipe, data: Path, out: Path, cache: Path, folds: int, progress: Progress, *, epochs: int | None
    ) -> None:
        """Args: epochs: Instead of the recipe's."""
        self.out, self.progress = out, progress
        self._recipe, self._epochs, self._data, self._cache = recipe, epochs, data, cache
        self.all = tuple(Fold(index, folds) for index in range(folds))
        self._source, self._stages = _voice(recipe)

    def train(self, fold: Fold) -> None:
        """Train one fold, or go on with it; one that is finished is not trained again.

        Raises:
            TrainingError: what is there is another training, or a corpus is missing, or has fewer speakers than there are folds.
        """
        run, recipe = self._run(fold), self._without(fold)
        check_same(run, recipe)
        if not self.finished(fold):
            train_recipe(recipe, self._data, run, self._cache, self.progress, resume=True)
            (run / _DONE).touch()

    def finished(self, fold: Fold) -> bool:
        """Whether it is trained to the end."""
        return (self._run(fold) / _DONE).is_file()

    def predict(self, earlier: int) -> OutOfFold:
        """Every clip, by the network that never heard its speaker.

        Args:
            earlier: Clips of the same speaker that are heard before each.
        """
        parts = [self._predict(fold, earlier) for fold in self.all]
        return OutOfFold(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    @torch.inference_mode()
    def _predict(self, fold: Fold, earlier: int) -> OutOfFold:
        recipe = self._without(fold)
        stage = self._stages[0]
        samples = select(folded(corpora.read(stage.corpora, self._data), fold), "dev", stage.limit)
        shop = Workshop(self._data, self._run(fold), self._cache)
        network = trained_encoder(recipe.network, _MODALITY, self._source, shop).to(team().device).eval()
        spec = recipe.network.encodings[_MODALITY].spec
        data = modality_data(spec, samples, self._cache, self.progress, None, batch_size=64, earlier=earlier)
        return _found(samples, predict(network, data).emotion.argmax(1).numpy())

    def _without(self, fold: Fold) -> Recipe:
        stages = tuple(msgspec.structs.replace(stage, fold=fold) for stage in self._stages)
        return shortened(msgspec.structs.replace(self._recipe, stages=stages), self._epochs)

    def _run(self, fold: Fold) -> Path:
        return self.out / f"fold-{fold.index + 1}-of-{fold.of}"


def _found(samples: list[Sample], predicted: Int64) -> OutOfFold:
    return OutOfFold(
        np.array([s.corpus for s in samples]),
        np.array([s.speaker or "" for s in samples]),
        np.array([s.label for s in samples], np.int64),
        predicted,
    )


def _voice(recipe: Recipe) -> tuple[Source, tuple[UnimodalStage, ...]]:
    """Which stages train the recipe's voice, as the fusion names them; and the stages."""
    last = recipe.stages[-1]
    if not isinstance(last, FusionStage) or _MODALITY not in last.encoders:
        raise TrainingError(f"{recipe.name} does not train a voice by itself; small does")
    source = last.encoders[_MODALITY]
    names = (source,) if isinstance(source, str) else source
    return source, tuple(s for s in recipe.stages if isinstance(s, UnimodalStage) and s.name in names)


def leave_speakers_out(folds: Folds, only: tuple[int, ...]) -> Rows | None:
    """Train the folds, or those that are named, from 1; when all are finished, write a table for people, one for programs, a picture.

    Returns:
        The table's rows; None while folds are missing.

    Raises:
        TrainingError: no such fold, or as `Folds.train`.
    """
    known = range(1, len(folds.all) + 1)
    if unknown := [number for number in only if number not in known]:
        raise TrainingError(f"no fold {unknown[0]}; they are 1 to {len(folds.all)}")
    for number in only or known:
        folds.train(folds.all[number - 1])
    missing = [str(fold.index + 1) for fold in folds.all if not folds.finished(fold)]
    if missing:
        folds.progress.say(f"{folds.out}: fold {', '.join(missing)} to be trained yet; the table comes when all are")
        return None
    found = {earlier: folds.predict(earlier) for earlier in (0, EARLIER)}
    rows = [row for earlier, predictions in found.items() for row in _rows(predictions, earlier)]
    write_csv(folds.out / f"{_NAME}.csv", TITLES, rows)
    folds.progress.say(write_markdown(folds.out / f"{_NAME}.md", TITLES, rows))
    save(_figure(found[EARLIER], f"after {EARLIER} of their other clips"), folds.out / f"{_NAME}.png")
    return rows


def _rows(found: OutOfFold, earlier: int) -> Iterator[tuple[str | float, ...]]:
    for corpus, own in found.by_corpus():
        of_each = list(own.by_speaker().values())
        heard = f"{earlier} clips" if earlier else "nothing"
        yield (corpus, heard, str(len(own.true)), str(len(of_each)), *interval(own), min(of_each), max(of_each))


def interval(found: OutOfFold, *, seed: int = 17) -> Interval:
    """Unweighted recall over all clips, and its 2.5th and 97.5th percentile over draws of speakers with replacement.

    Clips of one speaker are alike: an interval over clips would be that of these very speakers (Field and Welsh, 2007).
    """
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(found.speaker == s) for s in np.unique(found.speaker)]
    draws = (np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))]) for _ in range(_ROUNDS))
    low, high = np.percentile([unweighted_recall(found.true[i], found.predicted[i]) for i in draws], (2.5, 97.5))
    return Interval(unweighted_recall(found.true, found.predicted), float(low), float(high))


def _figure(found: OutOfFold, title: str) -> "Figure":
    """A dot for each speaker, a bar for the corpus."""
    figure = new_figure(7.0, 4.0)
    axes = figure.subplots()
    names = []
    for place, (corpus, own) in enumerate(found.by_corpus()):
        recalls = sorted(own.by_speaker().values())
        axes.scatter(place + np.linspace(-0.3, 0.3, len(recalls)), recalls, s=14, alpha=0.7)
        axes.hlines(
            unweighted_recall(own.true, own.predicted), place - 0.35, place + 0.35, color="black", linewidth=1.5
        )
        names.append(f"{corpus}\n{len(recalls)} speakers")
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("unweighted recall")
    axes.set_ylim(0, 1)
    axes.set_title(f"Strangers, {title}: each speaker, and all of a corpus together", fontsize=10)
    axes.grid(axis="y", alpha=0.3)
    return figure
