"""Whether how it was said helps with what was said: MELD's words by a trained network, beside the prosody of the real sound.

An expert on prosody alone, multinomial logistic regression, is fitted on MELD's train split: pairs of real values and labels. What it
holds for an emotion, log p(emotion | prosody) less log p(emotion), is added with one weight to the network's emotion logits of the
words, and the same decision follows as in the daemon. The weight, the expert's ridge and what it is shown are chosen by likelihood on
the calibration dialogues, which fitted nothing but the network's temperatures: on train the network's own logits are those of words
that it has learned, and would say that nothing else is needed. Dev is measured with what was chosen, and with nothing else
(`docs/results.md` says what was seen of it before).
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich.table import Table
from sklearn.linear_model import LogisticRegression

from streamer.calibration import Calibration, decide, joint_probs
from streamer.features.arrays import Float32, Float64, Int64
from streamer.labels import EMOTIONS
from training.corpora import meld, meld_prosody
from training.embed import embed
from training.errors import TrainingError
from training.evaluate import fuse_alone
from training.metrics import Difference, accuracy, macro_f1, paired_bootstrap, weighted_f1
from training.phonetics.prosody import Prosody
from training.progress import Progress
from training.report import open_runner
from training.runner import Scores
from training.samples import Sample, Split

_RIDGES: Final = (0.001, 0.01, 0.1)
"""Inverse strengths, as scikit-learn counts them."""
_WEIGHTS: Final = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5)
_CLIP: Final = 4.0
"""Deviations beyond which a value counts no more."""
_ROUNDS: Final = 2000


class Choice(NamedTuple):
    """What calibration chose."""

    ridge: float
    relative: bool
    """Whether values less the speaker's earlier mean are shown too."""
    weight: float
    """Of the prosody's say; 0 where it is better not heard."""


class Result(NamedTuple):
    """On dev."""

    choice: Choice
    true: Int64
    """[n], and the decisions: [n] each."""
    text: Int64
    prosody: Int64
    both: Int64
    difference: Difference
    """Of the emotion's weighted F1: with prosody less without."""


class Shown(NamedTuple):
    """What one split's expert sees."""

    values: Float64
    """[n, 16], NaN where there is none: the eight values, and each less the speaker's mean over earlier utterances of the dialogue."""
    labels: Int64


def prosody_study(target: Path, data: Path, cache: Path, progress: Progress) -> Result:
    """Fit, choose, measure once, print a table.

    Raises:
        BundleError: the folder holds neither a finished run nor a bundle.
        TrainingError: the data is not there, or wrong; the network reads no text.
    """
    runner, calibrations = open_runner(target)
    if "text" not in runner.specs:
        raise TrainingError(f"{target}: reads no text, which prosody is to be held against; give one that does")
    calibration = calibrations.get("text", Calibration())
    samples = meld.read(data)
    shown = show(samples, meld_prosody.read(data))
    scores: dict[Split, Scores] = {}
    for split in ("calibration", "dev"):
        own = [sample for sample in samples if sample.split == split]
        scores[split] = fuse_alone(runner, "text", embed(runner, "text", own, cache, progress).views[0])
    found = judge(shown, scores, calibration)
    _print(found, progress)
    return found


def judge(shown: dict[Split, Shown], scores: dict[Split, Scores], calibration: Calibration) -> Result:
    """What is shown of all three splits, and the words' scores of calibration and dev -> what dev says of what calibration chose."""
    choice, experts = _choose(shown, scores["calibration"], calibration)
    return _measure(shown["dev"], scores["dev"], calibration, choice, experts[choice[:2]])


def show(samples: Sequence[Sample], measured: dict[str, Prosody]) -> dict[Split, Shown]:
    """Samples in dialogue order -> each split's; duration as its logarithm and pitch in semitones, as they are heard."""
    values: dict[Split, list[Float64]] = defaultdict(list)
    labels: dict[Split, list[int]] = defaultdict(list)
    dialogue, earlier = "", defaultdict[str | None, list[Float64]](list)
    for sample in samples:
        if (own_dialogue := sample.key.rsplit("_", 1)[0]) != dialogue:
            dialogue, earlier = own_dialogue, defaultdict(list)
        own = _heard(measured.get(sample.key))
        before = earlier[sample.speaker]
        values[sample.split].append(np.concatenate([own, own - _mean(before)]))
        labels[sample.split].append(sample.label)
        before.append(own)
    return {split: Shown(np.array(values[split]), np.array(labels[split], np.int64)) for split in values}


def _heard(prosody: Prosody | None) -> Float64:
    if prosody is None:
        return np.full(len(Prosody._fields), np.nan)
    heard = prosody._replace(duration_s=np.log(prosody.duration_s), f0_hz=12 * np.log2(prosody.f0_hz / 27.5))
    return np.array(heard, np.float64)


def _mean(rows: Sequence[Float64]) -> Float64:
    """Of what is there, value by value."""
    stacked = np.array(rows).reshape(-1, len(Prosody._fields))
    there = np.isfinite(stacked)
    count = there.sum(axis=0)
    mean: Float64 = np.where(count, np.where(there, stacked, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return mean


class Expert:
    """What prosody alone says; a value that is missing is the mean, and a flag says so."""

    def __init__(self, train: Shown, *, ridge: float, relative: bool) -> None:
        self._width = train.values.shape[1] if relative else len(Prosody._fields)
        values = train.values[:, : self._width]
        self._mean, self._deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        self._flagged = np.isnan(values).any(axis=0)
        self._prior = np.log(np.bincount(train.labels, minlength=len(EMOTIONS)) / len(train.labels) + 1e-9)
        self._model = LogisticRegression(C=ridge, max_iter=1000).fit(self._inputs(train.values), train.labels)

    def evidence(self, values: Float64) -> Float64:
        """[n, 16] -> [n, 7], log p(emotion | prosody) less log p(emotion); 0 for an emotion that train never had."""
        found = np.zeros((len(values), len(EMOTIONS)))
        known = self._model.classes_
        found[:, known] = self._model.predict_log_proba(self._inputs(values)) - self._prior[known]
        return found

    def decide(self, values: Float64) -> Int64:
        """[n, 16] -> [n], the likeliest emotion without any words."""
        return np.asarray((self.evidence(values) + self._prior).argmax(axis=1), np.int64)

    def _inputs(self, values: Float64) -> Float64:
        values = (values[:, : self._width] - self._mean) / np.maximum(self._deviation, 1e-9)
        missing = np.isnan(values)
        return np.column_stack([np.clip(np.where(missing, 0.0, values), -_CLIP, _CLIP), missing[:, self._flagged]])


def _choose(
    shown: dict[Split, Shown], scores: Scores, calibration: Calibration
) -> tuple[Choice, dict[tuple[float, bool], Expert]]:
    held_out = shown["calibration"]
    rows = np.arange(len(held_out.labels))
    best, least = Choice(_RIDGES[0], False, 0.0), np.inf
    experts: dict[tuple[float, bool], Expert] = {}
    for ridge, relative in product(_RIDGES, (False, True)):
        expert = experts[ridge, relative] = Expert(shown["train"], ridge=ridge, relative=relative)
        evidence = expert.evidence(held_out.values)
        for weight in _WEIGHTS:
            logits = _add(scores, evidence, weight, calibration)
            probs = joint_probs(logits, scores.sentiment_logits, calibration).sum(axis=2)
            loss = float(-np.log(probs[rows, held_out.labels] + 1e-9).mean())
            if loss < least - 1e-6:
                best, least = Choice(ridge, relative, weight), loss
    return best, experts


def _add(scores: Scores, evidence: Float64, weight: float, calibration: Calibration) -> Float32:
    """The temperature is the words' own: it does not cool what prosody says."""
    return (scores.emotion_logits + calibration.emotion_temperature * weight * evidence).astype(np.float32)


def _measure(shown: Shown, scores: Scores, calibration: Calibration, choice: Choice, expert: Expert) -> Result:
    def decided(logits: Float32) -> Int64:
        return np.array([d.emotion for d in decide(logits, scores.sentiment_logits, calibration)], np.int64)

    text = decided(scores.emotion_logits)
    both = decided(_add(scores, expert.evidence(shown.values), choice.weight, calibration))
    difference = paired_bootstrap(weighted_f1, shown.labels, text, both, rounds=_ROUNDS)
    return Result(choice, shown.labels, text, expert.decide(shown.values), both, difference)


def _print(found: Result, progress: Progress) -> None:
    table = Table("MELD dev, emotion", "weighted F1", "macro F1", "accuracy")
    named = {"prosody alone": found.prosody, "text alone": found.text, "text and prosody": found.both}
    for name, decided in named.items():
        figures = (figure(found.true, decided) for figure in (weighted_f1, macro_f1, accuracy))
        table.add_row(name, *(f"{value:.4f}" for value in figures))
    progress.console.print(table)
    choice, difference = found.choice, found.difference
    values = "absolute and relative to the speaker" if choice.relative else "absolute"
    progress.say(f"chosen on calibration: weight {choice.weight:g}, ridge {choice.ridge:g}, values {values}")
    verdict = "above text alone" if difference.low > 0 else "not above text alone"
    progress.say(
        f"weighted F1 with prosody less without: {difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}], "
        f"p = {difference.p:.3f} ({_ROUNDS} resamples of the same utterances): {verdict}"
    )
