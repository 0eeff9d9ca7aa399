"""What a network, in torch or as a bundle, says of clips, with any subset of the modalities that they have."""

from typing import NamedTuple

import numpy as np

from streamer.calibration import Calibration
from streamer.features.arrays import Int64
from streamer.labels import MODALITIES, Modality, subset_name
from training.calibrate import SUBSETS, HeldOut, fit
from training.clip_data import gather, sources_of
from training.clip_store import ClipStore
from training.progress import Progress
from training.runner import Encodings, Runner, Scores
from training.samples import Sample

_BATCH = 16


class EncodedClips(NamedTuple):
    """Clips whose modalities have been encoded, each by itself."""

    samples: list[Sample]
    encodings: dict[Modality, list[Encodings | None]]
    """Of each sample [1, steps, width] and [1, steps]; None where it lacks the modality."""

    @property
    def truth(self) -> tuple[Int64, Int64]:
        """Emotion and sentiment, [n] each."""
        return (
            np.array([s.label for s in self.samples], np.int64),
            np.array([s.sentiment_label for s in self.samples], np.int64),
        )

    def having(self, subset: frozenset[Modality]) -> list[int]:
        """The samples that have all of a subset."""
        return [i for i in range(len(self.samples)) if all(self.encodings[m][i] is not None for m in subset)]


def encode_clips(runner: Runner, samples: list[Sample], store: ClipStore, progress: Progress) -> EncodedClips:
    """Every sample's modalities."""
    encodings: dict[Modality, list[Encodings | None]] = {}
    for modality, source in sources_of(runner.specs, store, samples).items():
        found: list[Encodings | None] = []
        with progress.epoch(f"encode {modality}", 1, 1, -(-len(samples) // _BATCH)) as bar:
            for start in range(0, len(samples), _BATCH):
                *inputs, present = gather([source.of(s) for s in samples[start : start + _BATCH]], source.inputs)
                encoded = runner.encode(modality, tuple(inputs)) if present.any() else None
                rows = (present.cumsum(0) - 1).long().tolist()
                found += [
                    Encodings(encoded.embedding[rows[i], None], encoded.mask[rows[i], None])
                    if encoded and there
                    else None
                    for i, there in enumerate(present.tolist())
                ]
                bar.advance()
        encodings[modality] = found
    return EncodedClips(samples, encodings)


def fuse_clips(runner: Runner, clips: EncodedClips, subset: frozenset[Modality], indices: list[int]) -> Scores:
    """What the fusion says of some clips where only the modalities of a subset are let through."""
    parts = [
        runner.fuse({m: _padded(runner, clips, m, indices[start : start + _BATCH], subset) for m in MODALITIES})
        for start in range(0, len(indices), _BATCH)
    ]
    return Scores(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def calibrate_clips(
    runner: Runner, samples: list[Sample], store: ClipStore, coverage: float, progress: Progress
) -> dict[str, Calibration]:
    """Temperatures and thresholds of every subset that the network can get, on the samples that have all of it."""
    clips = encode_clips(runner, samples, store, progress)
    fitted = {}
    for subset in SUBSETS:
        indices = clips.having(subset) if subset <= set(clips.encodings) else []
        if indices:
            emotion, sentiment = (labels[indices] for labels in clips.truth)
            held_out = HeldOut(fuse_clips(runner, clips, subset, indices), emotion, sentiment)
            fitted[subset_name(subset)] = fit(held_out, coverage)
    return fitted


def _padded(
    runner: Runner, clips: EncodedClips, modality: Modality, indices: list[int], subset: frozenset[Modality]
) -> Encodings:
    width = runner.widths.get(modality, 1)
    found = [
        clips.encodings[modality][i] if modality in subset and modality in clips.encodings else None for i in indices
    ]
    steps = max([1, *(e.mask.shape[1] for e in found if e)])
    embedding, mask = np.zeros((len(indices), steps, width), np.float32), np.zeros((len(indices), steps), np.float32)
    for row, encoded in enumerate(found):
        if encoded:
            length = encoded.mask.shape[1]
            embedding[row, :length], mask[row, :length] = encoded.embedding[0], encoded.mask[0]
    return Encodings(embedding, mask)
