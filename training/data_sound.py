"""Clips of speech as batches of any audio feature, as the daemon computes it; nothing is changed, so it is for measuring."""

import numpy as np

from training.batch import Batch, rng_for, shuffled
from training.clip_store import ClipStore
from training.data_audio import collate_audio
from training.errors import TrainingError
from training.samples import Sample


class SoundData:
    """Features held in memory."""

    def __init__(self, samples: list[Sample], store: ClipStore, batch_size: int, seed: int) -> None:
        """Compute what the store does not have yet.

        Raises:
            TrainingError: a clip has no sound, or it cannot be decoded.
        """
        self.samples, self.batch_size, self.seed = samples, batch_size, seed
        self._features = []
        for sample in samples:
            found = store.sound(sample)
            if found.features is None:
                raise TrainingError(found.reason or f"{sample.key}: has no sound")
            self._features.append(found.features)
        self.sizes = [len(features) for features in self._features]

    def plan(self, epoch: int) -> list[list[int]]:
        """Batches of about equal length."""
        return shuffled(self.sizes, self.batch_size, rng_for(self.seed, epoch))

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch; `rng` has nothing to decide."""
        del rng
        return collate_audio([self._features[i] for i in indices], [self.samples[i] for i in indices])
