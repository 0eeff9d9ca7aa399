"""What a network is worth, in the terms of its manifest: every figure on samples of one split, with a bootstrap interval."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from streamer.bundle import Metric
from streamer.calibration import Calibration, Decision, decide
from streamer.features import LogMelSpec
from streamer.features.arrays import Int64
from streamer.labels import MODALITIES, Modality, subset_name
from training import corpora
from training.augment.recognised import Misheard, TextAugment, augment
from training.batch import rng_for
from training.by_emotion import F1, RECALL, TAKEN_FOR, by_emotion, mistakes
from training.calibrate import SUBSETS, held_out_scores
from training.embed import embed
from training.metrics import (
    Figure,
    accuracy,
    bootstrap,
    calibration_error,
    f1_of,
    macro_f1,
    recall_of,
    unweighted_recall,
    weighted_f1,
)
from training.progress import Progress
from training.runner import Encodings, Runner, Scores
from training.samples import Sample, Split
from training.sessions import EARLIER
from training.tuples import Matching, Pool, Tuples

SPEECH: Final = ("ravdess", "cremad", "nemo", "emovo")
_CLEAN: Final = TextAugment(recognised=0, no_context=0, no_speakers=0)
TEXT_CONDITIONS: Final[dict[str, TextAugment]] = {
    "gold text with dialogue": _CLEAN,
    "gold text without dialogue": TextAugment(recognised=0, no_context=1, no_speakers=1),
    "as Whisper gives it (10 % word errors)": TextAugment(recognised=1, punctuated=1, no_context=0, no_speakers=0),
    "as a small engine gives it (10 % word errors, no punctuation)": TextAugment(
        recognised=1, punctuated=0, no_context=0, no_speakers=0
    ),
}
MATCHED: Final = "label-matched tuples (constructed)"
MISTAKES: Final = 2
"""Of a set: the largest."""


class Measured(NamedTuple):
    """Decisions on one set, and the truth."""

    decisions: list[Decision]
    emotion: Int64
    sentiment: Int64

    @property
    def predicted(self) -> Int64:
        """The emotions that were decided for, [n]."""
        return np.array([d.emotion for d in self.decisions], np.int64)


class Bench:
    """One network and where its data is."""

    def __init__(
        self,
        runner: Runner,
        calibrations: Mapping[str, Calibration],
        data: Path,
        cache: Path,
        split: Split,
        progress: Progress,
    ) -> None:
        self.runner, self.calibrations = runner, calibrations
        self.data, self.cache, self.split, self.progress = data, cache, split, progress

    def run(self) -> tuple[Metric, ...]:
        """Every figure that the network's modalities and the data allow."""
        found: list[Metric] = []
        if "text" in self.runner.specs:
            found += self._texts()
        if "audio" in self.runner.specs:
            found += self._voices()
        if "video" in self.runner.specs:
            found += self._faces()
        if set(self.runner.specs) == set(MODALITIES):
            found += self._subsets()
        return tuple(found)

    def official_test(self) -> tuple[Metric, ...]:
        """Voices and faces of the corpora that are there, where they have some for a test; MELD's has its own terms."""
        found: list[Metric] = []
        if "audio" in self.runner.specs:
            found += self._voices(tuple(name for name in SPEECH if (self.data / "audio" / name).is_dir()))
        if "video" in self.runner.specs and (self.data / "faces").is_dir() and self._samples(("ferplus",)):
            found += self._faces()
        return tuple(found)

    def _texts(self) -> list[Metric]:
        samples = self._samples(("meld",))
        found: list[Metric] = []
        for condition, config in TEXT_CONDITIONS.items():
            misheard = Misheard(samples)
            heard = [augment(s, config, misheard, rng_for(17, i)) for i, s in enumerate(samples)]
            measured = self._alone("text", heard)
            name = f"MELD, {condition}"
            for figure, title in (
                (weighted_f1, "emotion weighted F1"),
                (macro_f1, "emotion macro F1"),
                (accuracy, "emotion accuracy"),
            ):
                found.append(self._emotion(figure, title, name, "text", measured))
            found.append(self._sentiment(weighted_f1, "sentiment weighted F1", name, "text", measured))
            found += self._by_emotion(f1_of, F1, name, "text", measured)
            found += self._mistakes(name, "text", measured)
        return found

    def _voices(self, names: tuple[str, ...] = SPEECH) -> list[Metric]:
        """Each clip by itself; and, where the network remembers, as it is heard after others of its speaker (without their labels)."""
        found: list[Metric] = []
        for corpus in names:
            samples = self._samples((corpus,))
            if not samples:
                continue  # EMOVO has too few speakers for some of them to calibrate
            for earlier in sorted({0, self._earlier}):
                measured = self._alone("audio", samples, earlier=earlier)
                name = _unseen(_title(corpus, samples), earlier)
                found.append(self._emotion(unweighted_recall, "emotion unweighted recall", name, "audio", measured))
                found.append(self._emotion(accuracy, "emotion accuracy", name, "audio", measured))
                found += self._by_emotion(recall_of, RECALL, name, "audio", measured)
                found += self._mistakes(name, "audio", measured)
        return found

    def _faces(self) -> list[Metric]:
        measured = self._alone("video", self._samples(("ferplus",)))
        name = "FERPlus, majority vote"
        return [
            self._emotion(accuracy, "emotion accuracy", name, "video", measured),
            self._emotion(unweighted_recall, "emotion unweighted recall", name, "video", measured),
            *self._by_emotion(recall_of, RECALL, name, "video", measured),
            *self._mistakes(name, "video", measured),
        ]

    def _subsets(self) -> list[Metric]:
        """Every subset: of one modality on real samples, of more on tuples, which no real utterance vouches for."""
        pools: dict[Modality, Pool] = {
            m: embed(self.runner, m, self._samples(names), self.cache, self.progress)
            for m, names in (("text", ("meld",)), ("audio", SPEECH), ("video", ("ferplus",)))
            if m in MODALITIES
        }
        tuples = Tuples(pools, Matching())
        found: list[Metric] = []
        for subset in SUBSETS:
            held_out = held_out_scores(self.runner, tuples, subset)
            name = subset_name(subset)
            measured = Measured(
                decide(*held_out.scores[:2], self.calibrations.get(name, Calibration())),
                held_out.emotion,
                held_out.sentiment,
            )
            data = self._real(subset) if len(subset) == 1 else MATCHED
            found.append(self._emotion(weighted_f1, "emotion weighted F1", data, name, measured))
            found += self._singles(tuples, subset)
            if len(subset) > 1:
                found += self._by_emotion(f1_of, F1, data, name, measured)
            probs = np.array([d.emotion_probs for d in measured.decisions])
            held = np.array(
                [t in d.emotion_set for d, t in zip(measured.decisions, measured.emotion, strict=True)], np.int64
            )
            n = len(measured.emotion)
            found.append(
                self._metric("emotion calibration error", calibration_error(probs, measured.emotion), data, name, n)
            )
            found.append(self._metric("emotion set coverage", float(held.mean()), data, name, n))
            sizes = [len(d.emotion_set) for d in measured.decisions]
            found.append(self._metric("emotion set size", float(np.mean(sizes)), data, name, n))
        return found

    def _singles(self, tuples: Tuples, subset: frozenset[Modality]) -> list[Metric]:
        """What each modality of a tuple says alone of the same tuples: what the fusion has to be better than."""
        found: list[Metric] = []
        for modality in (m for m in MODALITIES if m in subset and len(subset) > 1):
            alone = held_out_scores(self.runner, tuples, subset, heard=frozenset({modality}))
            decisions = decide(*alone.scores[:2], self.calibrations.get(modality, Calibration()))
            measured = Measured(decisions, alone.emotion, alone.sentiment)
            title = f"emotion weighted F1 of its {modality} alone"
            found.append(self._emotion(weighted_f1, title, MATCHED, subset_name(subset), measured))
        return found

    def _real(self, subset: frozenset[Modality]) -> str:
        return {
            "text": "MELD, gold text with dialogue",
            "audio": _unseen("the four speech corpora", self._earlier),
            "video": "FERPlus, majority vote",
        }[next(iter(subset))]

    @property
    def _earlier(self) -> int:
        """Clips of the same speaker that are heard before each."""
        spec = self.runner.specs["audio"]
        return min(EARLIER, spec.history_utterances) if isinstance(spec, LogMelSpec) else 0

    def _samples(self, names: tuple[str, ...]) -> list[Sample]:
        return [s for s in corpora.read(names, self.data) if s.split == self.split]

    def _alone(self, modality: Modality, samples: list[Sample], *, earlier: int = 0) -> Measured:
        pool = embed(self.runner, modality, samples, self.cache, self.progress, earlier=earlier)
        scores = fuse_alone(self.runner, modality, pool.views[0])
        truth = (pool.labels, np.array([s.sentiment_label for s in samples], np.int64))
        return Measured(decide(*scores[:2], self.calibrations.get(modality, Calibration())), *truth)

    def _emotion(self, figure: Figure, title: str, data: str, modalities: str, measured: Measured) -> Metric:
        interval = bootstrap(figure, measured.emotion, measured.predicted)
        return self._metric(title, interval.value, data, modalities, len(measured.emotion), interval.low, interval.high)

    def _by_emotion(
        self, figure_of: Callable[[int], Figure], title: str, data: str, modalities: str, measured: Measured
    ) -> list[Metric]:
        found = by_emotion(figure_of, measured.emotion, measured.predicted)
        return [self._metric(title, of.value, data, modalities, of.n, of.low, of.high, of=of.emotion) for of in found]

    def _mistakes(self, data: str, modalities: str, measured: Measured) -> list[Metric]:
        found = mistakes(measured.emotion, measured.predicted, most=MISTAKES)
        return [self._metric(f"{TAKEN_FOR}{m.taken_for}", m.share, data, modalities, m.n, of=m.emotion) for m in found]

    def _sentiment(self, figure: Figure, title: str, data: str, modalities: str, measured: Measured) -> Metric:
        predicted = np.array([d.sentiment for d in measured.decisions], np.int64)
        interval = bootstrap(figure, measured.sentiment, predicted)
        return self._metric(title, interval.value, data, modalities, len(predicted), interval.low, interval.high)

    def _metric(
        self,
        name: str,
        value: float,
        data: str,
        modalities: str,
        n: int,
        low: float | None = None,
        high: float | None = None,
        *,
        of: str = "",
    ) -> Metric:
        lower, upper = (None if v is None else round(v, 4) for v in (low, high))
        return Metric(name, round(value, 4), data, self.split, modalities, n, lower, upper, of)


def fuse_alone(runner: Runner, modality: Modality, heard: Encodings) -> Scores:
    """What a network says of some samples with no other modality."""
    n = len(heard.mask)
    absent = {
        m: Encodings(np.zeros((n, 1, runner.widths.get(m, 1)), np.float32), np.zeros((n, 1), np.float32))
        for m in MODALITIES
    }
    return runner.fuse({**absent, modality: heard})


def _title(corpus: str, samples: list[Sample]) -> str:
    """Of a corpus; CREMA-D's own recordings are WAV, ours were made from spectrograms."""
    title = corpora.CORPORA[corpus].corpus.name
    own = all(s.audio and s.audio.suffix.lower() == ".wav" for s in samples)
    return title.removesuffix(" (re-synthesised)") if own else title


def _unseen(corpus: str, earlier: int) -> str:
    return f"{corpus}, unseen speakers" + (f", after {earlier} of their other clips" if earlier else "")
