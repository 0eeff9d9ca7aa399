"""Frozen embeddings of samples, by any runner."""

from pathlib import Path

import numpy as np

from streamer.features.arrays import Float32
from streamer.labels import Modality
from training.batch import rng_for
from training.data_audio import AudioData
from training.data_sound import SoundData
from training.data_text import TextData
from training.errors import TrainingError
from training.held_out import LabelledSet
from training.modality_data import Augments, modality_data
from training.progress import Progress
from training.runner import Runner
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
    return Pool(samples, np.stack(views, axis=1))


def encoded(
    runner: Runner, modality: Modality, data: LabelledSet, progress: Progress, view: int = 0, seed: int = 17
) -> Float32:
    """[n, width] of one view of all samples, in order; view 0 is not augmented.

    Raises:
        TrainingError: the encoder gives more than one embedding per sample.
    """
    n = len(data.samples)
    found = np.zeros((n, runner.widths[modality]), np.float32)
    sizes = data.sizes if isinstance(data, TextData | AudioData | SoundData) else [0] * n
    order = sorted(range(n), key=lambda i: sizes[i])
    with progress.epoch(f"embed {modality}", view + 1, view + 1, -(-len(order) // _BATCH)) as bar:
        for start in range(0, len(order), _BATCH):
            indices = order[start : start + _BATCH]
            answer = runner.encode(modality, data.batch(indices, rng_for(seed, view, start)).inputs)
            if answer.embedding.shape[1] != 1:
                raise TrainingError(
                    f"{modality}: tuples need one embedding per sample, this encoder gives {answer.embedding.shape[1]}"
                )
            found[indices] = answer.embedding[:, 0]
            bar.advance()
    return found
