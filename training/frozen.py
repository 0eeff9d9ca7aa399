"""What frozen encoders give, computed once and kept: training from it is training from the clips, without their cost."""

import hashlib
from typing import Final, cast

import numpy as np
import torch
from torch import nn

from models.graph import Encoded
from training.array_cache import ArrayCache, Arrays, digest
from training.clip_data import Source, Steps, gather
from training.progress import Progress
from training.samples import Sample
from training.team import Team

_BATCH: Final = 8
_POOL: Final = 64
"""Samples whose inputs are held at once, to be sorted by length: of a ViT's crops, 300 MB."""


class Frozen:
    """One frozen network over one modality."""

    def __init__(self, network: nn.Module, source: Source, cache: ArrayCache) -> None:
        """Args: network: In eval mode, its weights as they will stay; the encoder's inputs -> `Encoded`."""
        self._network, self._source, self._cache = network.eval(), source, cache
        self._weights = weights_hash(network)
        self._keys: dict[str, str | None] = {}

    def source(self) -> Source:
        """Embedding and mask of each sample, from the cache."""
        return Source(2, self._of)

    def prepare(self, samples: list[Sample], title: str, team: Team, progress: Progress) -> None:
        """Compute what is not kept yet, in batches of samples of about one length: each process its share, then none waits for another's.

        What is whole is kept at once: cut off, it goes on after the last few batches.
        """
        mine = team.mine(samples)
        with progress.epoch(title, 1, 1, len(mine)) as bar:
            for start in range(0, len(mine), _POOL):
                pool = mine[start : start + _POOL]
                self._prepare_pool(pool)
                for _ in pool:
                    bar.advance()
        team.wait()

    def _prepare_pool(self, samples: list[Sample]) -> None:
        missing: dict[str, Steps] = {}
        for sample in samples:
            steps = self._source.of(sample)
            key = self._keys[sample.key] = None if steps is None else self._key(steps)
            if steps is not None and key is not None and self._cache.find(key) is None:
                missing[key] = steps
        near = sorted(missing, key=lambda key: len(missing[key][0]))
        for start in range(0, len(near), _BATCH):
            keys = near[start : start + _BATCH]
            for key, arrays in zip(keys, self._compute([missing[key] for key in keys]), strict=True):
                self._cache.put(key, arrays)

    def _of(self, sample: Sample) -> Steps | None:
        if sample.key not in self._keys:
            steps = self._source.of(sample)
            self._keys[sample.key] = None if steps is None else self._key(steps)
        key = self._keys[sample.key]
        if key is None:
            return None
        found = self._cache.find(key)
        if found is None:  # another process's share
            steps = self._source.of(sample)
            if steps is None:
                raise KeyError(sample.key)
            (found,) = self._compute([steps])
            self._cache.put(key, found)
        return np.asarray(found["embedding"], np.float32), np.asarray(found["mask"], np.float32)

    def _key(self, steps: Steps) -> str:
        """The inputs hold spec and file, the weights' hash the network."""
        return digest(self._weights, *(part.tobytes() for part in steps))

    def _compute(self, batch: list[Steps]) -> list[Arrays]:
        """Of each its own steps; those that only the longest of the batch has are left out."""
        device = next(self._network.parameters()).device
        *inputs, _ = gather(list(batch), len(batch[0]))
        with torch.inference_mode():
            encoded = cast("Encoded", self._network(*(tensor.to(device) for tensor in inputs)))
        embeddings, masks = encoded.embedding.float().cpu().numpy(), encoded.mask.float().cpu().numpy()
        ends = [max(1, int(mask.nonzero()[0].max(initial=0)) + 1) for mask in masks]
        return [
            {"embedding": embedding[:end], "mask": mask[:end]}
            for embedding, mask, end in zip(embeddings, masks, ends, strict=True)
        ]


def weights_hash(network: nn.Module) -> bytes:
    """Of names and values."""
    summed = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        summed.update(name.encode())
        summed.update(np.ascontiguousarray(value.detach().cpu().numpy()).tobytes())
    return summed.digest()
