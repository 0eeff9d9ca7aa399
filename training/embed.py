"""Frozen embeddings of samples, by any runner."""

from pathlib import Path

import numpy as np

from streamer.labels import Modality
from training.batch import by_size, rng_for
from training.held_out import LabelledSet
from training.modality_data import Augments, modality_data
from training.progress import Progress
from training.runner import Encodings, Runner
from training.samples import Sample
from training.sessions import EARLIER
from training.tuples import Pool

_BATCH = 64


def embed(
    runner: Runner,
    modality: Modality,
    samples: list[Sample],
    cache: Path,
    progress: Progress,
    *,
    augmented_views: int = 0,
    earlier: int = EARLIER,
    seed: int = 17,
) -> Pool:
    """Each sample as it is, then `augmented_views` times augmented; `earlier` as in `AudioData`."""

    def data(view: int) -> LabelledSet:
        augments = Augments() if view else None
        spec = runner.specs[modality]
        return modality_data(spec, samples, cache, progress, augments, batch_size=_BATCH, earlier=earlier)

    views = [encoded(runner, modality, data(view), progress, view, seed) for view in range(1 + augmented_views)]
    return Pool(samples, views)


def encoded(
    runner: Runner, modality: Modality, data: LabelledSet, progress: Progress, view: int = 0, seed: int = 17
) -> Encodings:
    """[n, steps, width] and [n, steps] of one view of all samples, in order; view 0 is not augmented."""
    n = len(data.samples)
    parts: list[tuple[list[int], Encodings]] = []
    order = by_size(data, n)
    with progress.epoch(f"embed {modality}", view + 1, view + 1, -(-len(order) // _BATCH)) as bar:
        for start in range(0, len(order), _BATCH):
            indices = order[start : start + _BATCH]
            parts.append((indices, runner.encode(modality, data.batch(indices, rng_for(seed, view, start)).inputs)))
            bar.advance()
    steps = max((answer.mask.shape[1] for _, answer in parts), default=1)
    found = Encodings(np.zeros((n, steps, runner.widths[modality]), np.float32), np.zeros((n, steps), np.float32))
    for indices, answer in parts:
        found.embedding[indices, : answer.mask.shape[1]] = answer.embedding
        found.mask[indices, : answer.mask.shape[1]] = answer.mask
    return found
