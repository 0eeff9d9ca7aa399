"""Utterances with several modalities, where no corpus has them together: matched by label, and not always matched.

There is no corpus with text, voice and face of one moment here. A tuple takes a real sample of one modality (its anchor, whose labels
it keeps) and lends it a voice or a face of the same emotion from the other corpora. A fusion that saw only such tuples would believe
that acted voices and posed faces never err, so a share of them is drawn from elsewhere: half neutral, half of any emotion. What it
learns is naive Bayes with that much doubt.
"""

from typing import NamedTuple

import msgspec
import numpy as np
import torch

from streamer.features.arrays import Float32, Int64
from streamer.labels import EMOTIONS, MODALITIES, Modality
from training.batch import Batch, rng_for, shuffled
from training.runner import Encodings
from training.samples import Sample, emotions, sentiments


class Pool(NamedTuple):
    """The frozen embeddings of one modality."""

    samples: list[Sample]
    views: list[Encodings]
    """[n, steps, width] and [n, steps] each: the samples as they are, then augmented."""

    @property
    def labels(self) -> Int64:
        """[n]."""
        return np.array([s.label for s in self.samples], np.int64)

    @property
    def width(self) -> int:
        """Of an embedding."""
        return int(self.views[0].embedding.shape[2])

    def steps(self, index: int, view: int) -> Float32:
        """[steps, width] of one sample, without what pads it."""
        embedding, mask = self.views[view]
        return np.asarray(embedding[index][mask[index] > 0], np.float32)


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """How tuples are made."""

    matched: float = 0.45
    """Share of lent modalities that are of the anchor's emotion. A judgement, not a measurement: acted voices and posed faces are easier
    to read than those of a dialogue, and no data here says by how much."""
    mixed_frames: float = 0.3
    """Share of face sequences in which a neutral face comes before or after."""
    text_anchors: float = 0.5
    audio_anchors: float = 0.25
    video_anchors: float = 0.25
    """Which modality is real; the sets of the others are drawn evenly."""


class Tuples:
    """Label-matched tuples of frozen embeddings."""

    def __init__(self, pools: dict[Modality, Pool], matching: Matching) -> None:
        self.pools, self.matching = pools, matching
        self._labels = {m: pool.labels for m, pool in pools.items()}
        self._of_label = {
            m: [np.flatnonzero(labels == e) for e in range(len(EMOTIONS))] for m, labels in self._labels.items()
        }

    def make(
        self,
        anchors: list[tuple[Modality, int]],
        subsets: list[frozenset[Modality]],
        rng: np.random.Generator,
        *,
        augmented: bool,
    ) -> dict[Modality, Encodings]:
        """The embeddings of some anchors with the modalities of their subsets; what a subset lacks is zeros."""
        parts: dict[Modality, list[Float32]] = {m: [] for m in MODALITIES}
        for (modality, index), subset in zip(anchors, subsets, strict=True):
            label = int(self._labels[modality][index])
            for m in MODALITIES:
                if m not in subset:
                    parts[m].append(np.zeros((0, self.pools[m].width), np.float32))
                    continue
                chosen = index if m == modality else self._lent(m, label, rng)
                parts[m].append(self._steps(m, chosen, rng, augmented=augmented))
        return {m: _padded(steps) for m, steps in parts.items()}

    def _lent(self, modality: Modality, label: int, rng: np.random.Generator) -> int:
        if rng.random() >= self.matching.matched:
            label = EMOTIONS.index("neutral") if rng.random() < 0.5 else int(rng.integers(len(EMOTIONS)))
        candidates = self._of_label[modality][label]
        if not len(candidates):
            candidates = np.arange(len(self._labels[modality]))
        return int(rng.choice(candidates))

    def _steps(self, modality: Modality, index: int, rng: np.random.Generator, *, augmented: bool) -> Float32:
        """[steps, width]: one view of a text or a voice; of a face, several views, as frames of one moment are alike."""
        pool = self.pools[modality]
        if not augmented:
            return pool.steps(index, 0)
        if modality != "video":
            return pool.steps(index, int(rng.integers(len(pool.views))))
        views = rng.integers(len(pool.views), size=int(rng.integers(1, 5)))
        frames = [pool.steps(index, int(view)) for view in views]
        neutral = self._of_label[modality][EMOTIONS.index("neutral")]
        if len(neutral) and rng.random() < self.matching.mixed_frames:
            before = int(rng.choice(neutral))
            frames = [pool.steps(before, view) for view in range(len(pool.views))][: int(rng.integers(1, 3))] + frames
        return np.concatenate(frames)


class TupleData:
    """Tuples as training batches: anchors of every modality, over all seven subsets."""

    def __init__(self, tuples: Tuples, batch_size: int, seed: int) -> None:
        self.tuples, self.batch_size, self.seed = tuples, batch_size, seed
        self.anchors: list[tuple[Modality, int]] = [
            (m, i) for m in MODALITIES for i in range(len(tuples.pools[m].samples))
        ]
        matching = tuples.matching
        share = {"text": matching.text_anchors, "audio": matching.audio_anchors, "video": matching.video_anchors}
        sizes = {m: len(pool.samples) for m, pool in tuples.pools.items()}
        self._draw = np.array([share[m] / sizes[m] for m, _ in self.anchors])
        self._draw /= self._draw.sum()
        self.samples = [tuples.pools[m].samples[i] for m, i in self.anchors]

    def plan(self, epoch: int) -> list[list[int]]:
        """As many anchors as twice the texts, drawn by the shares of `Matching`."""
        rng = rng_for(self.seed, epoch)
        chosen = rng.choice(len(self.anchors), size=2 * len(self.tuples.pools["text"].samples), p=self._draw)
        return [[int(chosen[i]) for i in batch] for batch in shuffled([0] * len(chosen), self.batch_size, rng)]

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch of the fusion's inputs."""
        anchors = [self.anchors[i] for i in indices]
        subsets = [self._subset(anchor, rng) for anchor, _ in anchors]
        made = self.tuples.make(anchors, subsets, rng, augmented=True)
        samples = [self.samples[i] for i in indices]
        return Batch(fusion_inputs(made), torch.from_numpy(emotions(samples)), torch.from_numpy(sentiments(samples)))

    @staticmethod
    def _subset(anchor: Modality, rng: np.random.Generator) -> frozenset[Modality]:
        """The anchor and, half the time each, the others.

        Where there are words, they are the anchor: lent ones would teach the fusion that a face is right wherever the two disagree.
        """
        return frozenset(m for m in MODALITIES if m == anchor or (m != "text" and rng.random() < 0.5))


def fusion_inputs(made: dict[Modality, Encodings]) -> tuple[torch.Tensor, ...]:
    """In the order of the fusion's forward."""
    return tuple(torch.from_numpy(made[m][part]) for part in (0, 1) for m in MODALITIES)


def _padded(parts: list[Float32]) -> Encodings:
    steps = max(1, *(len(p) for p in parts))
    embedding = np.stack([np.pad(p, ((0, steps - len(p)), (0, 0))) for p in parts])
    mask = np.stack([np.arange(steps) < len(p) for p in parts]).astype(np.float32)
    return Encodings(embedding, mask)
