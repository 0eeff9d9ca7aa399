"""Frozen embeddings of samples, by any runner."""

from pathlib import Path

import numpy as np

from streamer.features import FaceCropSpec, LogMelSpec, TextSpec
from streamer.features.arrays import Float32
from streamer.labels import Modality
from training.augment.face import FaceAugment
from training.augment.recognised import TextAugment
from training.augment.sound import SoundAugment
from training.batch import TrainingSet, rng_for
from training.data_audio import AudioData, FeatureCache
from training.data_face import FaceData
from training.data_text import TextData
from training.errors import TrainingError
from training.pretrained import minilm_tokenizer
from training.progress import Progress
from training.runner import Runner
from training.samples import Sample
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
    seed: int = 17,
) -> Pool:
    """Each sample as it is, then `augmented_views` times augmented."""
    views = [_once(runner, modality, samples, cache, progress, view, seed) for view in range(1 + augmented_views)]
    return Pool(samples, np.stack(views, axis=1))


def _once(
    runner: Runner, modality: Modality, samples: list[Sample], cache: Path, progress: Progress, view: int, seed: int
) -> Float32:
    """[n, width] of one view; view 0 is not augmented."""
    data = _data(runner, modality, samples, cache, progress, augmented=view > 0)
    found = np.zeros((len(samples), runner.widths[modality]), np.float32)
    sizes = data.sizes if isinstance(data, TextData | AudioData) else [0] * len(samples)
    order = sorted(range(len(samples)), key=lambda i: sizes[i])
    with progress.epoch(f"embed {modality}", view + 1, view + 1, -(-len(order) // _BATCH)) as bar:
        for start in range(0, len(order), _BATCH):
            indices = order[start : start + _BATCH]
            encoded = runner.encode(modality, data.batch(indices, rng_for(seed, view, start)).inputs)
            if encoded.embedding.shape[1] != 1:
                raise TrainingError(
                    f"{modality}: tuples need one embedding per sample, this encoder gives {encoded.embedding.shape[1]}"
                )
            found[indices] = encoded.embedding[:, 0]
            bar.advance()
    return found


def _data(
    runner: Runner, modality: Modality, samples: list[Sample], cache: Path, progress: Progress, *, augmented: bool
) -> TrainingSet:
    spec = runner.specs[modality]
    if isinstance(spec, TextSpec):
        return TextData(samples, spec, minilm_tokenizer(), _BATCH, 0, TextAugment() if augmented else None)
    if isinstance(spec, LogMelSpec):
        return AudioData(samples, FeatureCache(cache, spec), _BATCH, 0, SoundAugment() if augmented else None, progress)
    if isinstance(spec, FaceCropSpec):
        return FaceData(samples, spec, _BATCH, 0, FaceAugment() if augmented else None)
    raise TrainingError(f"{modality}: no data set makes {type(spec).__name__}")
