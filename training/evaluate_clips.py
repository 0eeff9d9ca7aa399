"""What a network is worth on MELD's clips, in MELD's own terms, and everything that a reader should know beside the figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamer.bundle import Metric
from streamer.calibration import COMPATIBLE, Calibration, decide
from streamer.features.arrays import Float32, Int64
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality, subset_name
from training import corpora
from training.clip_scores import EncodedClips, encode_clips, fuse_clips
from training.clip_store import ClipStore, store_of
from training.corpora.meld_rows import MELD_SPLITS, clip_folder
from training.errors import TrainingError
from training.metrics import Figure, accuracy, bootstrap, f1_of, macro_f1, weighted_f1, weighted_precision
from training.pictures import confusion_figure, save
from training.progress import Progress
from training.runner import Runner, TorchRunner
from training.samples import Sample, Split
from training.whole_dialogues import dialogue_runner, hear

MAIN_SPEAKERS: Final = frozenset({"Chandler", "Joey", "Monica", "Phoebe", "Rachel", "Ross"})
"""They speak five of six lines, in every split; all others are the slice that tells whether the network knows emotions or actors."""
FIGURES: Final[dict[str, Figure]] = {
    "accuracy": accuracy,
    "weighted precision": weighted_precision,
    "weighted F1": weighted_f1,
    "macro F1": macro_f1,
}


CLIPS: Final = "MELD, with its clips"
NO_CLIPS: Final = "MELD, without its clips"
PAST_ONLY: Final = "MELD, past only"
WHOLE_DIALOGUES: Final = "MELD, whole dialogues"


class Judged(NamedTuple):
    """Decisions on every sample, each with the modalities that it has."""

    samples: list[Sample]
    emotion: Int64
    sentiment: Int64
    true_emotion: Int64
    true_sentiment: Int64
    subsets: list[frozenset[Modality]]
    reads: frozenset[Modality]
    """What the network could have used."""
    contradicting_heads: int
    """Samples whose two heads by themselves would have named a pair that MELD's scheme does not know."""


class ClipResults(NamedTuple):
    """What `evaluate_clips` found."""

    metrics: tuple[Metric, ...]
    notes: list[str]
    """One line each: contradictions, what was masked, the pictures."""


def has_clips(data: Path) -> bool:
    """Whether the folder is MELD with its clips."""
    return any(clip_folder(data, split) for split in MELD_SPLITS)


def evaluate_clips(
    runner: Runner,
    calibrations: Mapping[str, Calibration],
    data: Path,
    cache: Path,
    split: Split,
    pictures: Path,
    progress: Progress,
) -> ClipResults:
    """Every figure of one split, and the confusion pictures.

    Raises:
        TrainingError: the split is not there, or a table is wrong.
    """
    samples = [s for s in corpora.read(("meld-clips",), data) if s.split == split]
    if not samples:
        table = "train" if split == "calibration" else split
        raise TrainingError(f"{data}: no table of the split {split} there; MELD calls it {table}_sent_emo.csv")
    pictures.mkdir(parents=True, exist_ok=True)  # now, not after hours, where nothing can be written there
    store = store_of(runner.specs, cache, progress, data=data)
    troubles = store.prepare(samples, workers=2)
    clips = encode_clips(runner, samples, store, progress)
    judged = judge(runner, clips, calibrations)
    for head, names, true, predicted in (
        ("emotion", EMOTIONS, judged.true_emotion, judged.emotion),
        ("sentiment", SENTIMENTS, judged.true_sentiment, judged.sentiment),
    ):
        figure = confusion_figure(names, true, predicted, title=f"MELD {split}: {head}")
        save(figure, pictures / f"confusion-{head}-{split}.png")
    notes = _notes(judged, pictures, split)
    recurrent = dialogue_runner(runner)
    title = CLIPS if any(sample.video for sample in samples) else NO_CLIPS
    metrics = _metrics(judged, PAST_ONLY if recurrent else title, split)
    if recurrent:
        notes.append(
            "past only: each utterance after those before it, as the daemon hears it; whole dialogues: as in the literature"
        )
        metrics += _heads(_judge_whole(recurrent, judged, store, calibrations), WHOLE_DIALOGUES, split)
    return ClipResults(tuple(metrics), [*notes, *dict.fromkeys(troubles)])


def judge(
    runner: Runner,
    clips: EncodedClips,
    calibrations: Mapping[str, Calibration],
    allowed: frozenset[Modality] = frozenset(MODALITIES),
) -> Judged:
    """Decide on every clip with those of the allowed modalities that it has, as the daemon would."""
    n = len(clips.samples)
    subsets = [
        frozenset(m for m, found in clips.encodings.items() if m in allowed and found[i] is not None) for i in range(n)
    ]
    emotion_logits, sentiment_logits = np.zeros((n, 7), np.float32), np.zeros((n, 3), np.float32)
    emotion, sentiment = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for subset in sorted(set(subsets), key=subset_name):
        indices = [i for i in range(n) if subsets[i] == subset]
        scores = fuse_clips(runner, clips, subset, indices)
        emotion_logits[indices], sentiment_logits[indices] = scores.emotion_logits, scores.sentiment_logits
        found = decide(*scores[:2], calibrations.get(subset_name(subset), Calibration()))
        emotion[indices] = [d.emotion for d in found]
        sentiment[indices] = [d.sentiment for d in found]
    contradicting = _contradicting(emotion_logits, sentiment_logits)
    reads = allowed & frozenset(clips.encodings)
    return Judged(clips.samples, emotion, sentiment, *clips.truth, subsets, reads, contradicting)


def _contradicting(emotion_logits: Float32, sentiment_logits: Float32) -> int:
    return int((COMPATIBLE[emotion_logits.argmax(1), sentiment_logits.argmax(1)] == 0).sum())


def _judge_whole(
    runner: TorchRunner, judged: Judged, store: ClipStore, calibrations: Mapping[str, Calibration]
) -> Judged:
    """The same samples; of those with features, what is said once their whole dialogue was heard."""
    places, emotion_logits, sentiment_logits = hear(runner, judged.samples, store)
    decisions = decide(emotion_logits, sentiment_logits, calibrations.get("audio", Calibration()))
    emotion, sentiment = judged.emotion.copy(), judged.sentiment.copy()
    for place, decision in zip(places, decisions, strict=True):
        emotion[place], sentiment[place] = decision.emotion, decision.sentiment
    return judged._replace(emotion=emotion, sentiment=sentiment)


def _metrics(judged: Judged, data: str, split: Split) -> list[Metric]:
    found = _heads(judged, data, split)
    for label, name in enumerate(EMOTIONS):
        share = (judged.true_emotion == label) | (judged.emotion == label)
        if share.any():
            found.append(_metric(f"F1 of {name}", f1_of(label), judged.true_emotion, judged.emotion, data, split))
    return found


def _heads(judged: Judged, data: str, split: Split) -> list[Metric]:
    """Of everyone, then of the minor speakers."""
    everyone = np.ones(len(judged.samples), bool)
    minor = np.array([(s.speaker or "").strip().title() not in MAIN_SPEAKERS for s in judged.samples])
    slices = [(data, everyone), (f"{data}, minor speakers", minor)]
    return [metric for name, own in slices if own.any() for metric in _slice(judged, own, name, split)]


def _slice(judged: Judged, own: NDArray[np.bool_], data: str, split: Split) -> list[Metric]:
    pairs = {
        "emotion": (judged.true_emotion[own], judged.emotion[own]),
        "sentiment": (judged.true_sentiment[own], judged.sentiment[own]),
    }
    return [
        _metric(f"{head} {name}", figure, true, predicted, data, split)
        for head, (true, predicted) in pairs.items()
        for name, figure in FIGURES.items()
    ]


def _metric(name: str, figure: Figure, true: Int64, predicted: Int64, data: str, split: Split) -> Metric:
    interval = bootstrap(figure, true, predicted)
    low, high = round(interval.low, 4), round(interval.high, 4)
    return Metric(name, round(interval.value, 4), data, split, "what each clip has", len(true), low, high)


def _notes(judged: Judged, pictures: Path, split: Split) -> list[str]:
    n = len(judged.samples)
    left = int((COMPATIBLE[judged.emotion, judged.sentiment] == 0).sum())
    kinds = {subset_name(s): judged.subsets.count(s) for s in sorted(set(judged.subsets), key=subset_name)}
    return [
        (
            f"emotion and sentiment: the heads alone contradict each other in {judged.contradicting_heads} of {n}; decided together, "
            f"as the most probable pair that MELD's scheme allows, in {left}"
        ),
        "modalities: " + ", ".join(f"{name} {count}" for name, count in kinds.items()),
        f"pictures: {pictures / f'confusion-emotion-{split}.png'}, {pictures / f'confusion-sentiment-{split}.png'}",
        f"clips that lack some of what the network reads: {sum(s < judged.reads for s in judged.subsets)} of {n}, their labels count",
    ]
