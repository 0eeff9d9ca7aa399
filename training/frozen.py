"""What frozen encoders give, computed once and kept: training from it is training from the clips, without their cost."""

import hashlib
from typing import cast

import numpy as np
import torch
from torch import nn

from models.graph import Encoded
from training.array_cache import ArrayCache, Arrays, digest
from training.clip_data import Source, Steps
from training.progress import Progress
from training.samples import Sample
from training.team import Team


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
        """Compute what is not kept yet: each process its share, then none waits for another's."""
        with progress.epoch(title, 1, 1, len(samples)) as bar:
            for sample in team.mine(samples):
                self._of(sample)
                bar.advance()
        team.wait()

    def _of(self, sample: Sample) -> Steps | None:
        if sample.key not in self._keys:
            steps = self._source.of(sample)
            self._keys[sample.key] = None if steps is None else self._key(steps)
        key = self._keys[sample.key]
        if key is None:
            return None
        found = self._cache.get(key, lambda: self._compute(sample))
        return np.asarray(found["embedding"], np.float32), np.asarray(found["mask"], np.float32)

    def _key(self, steps: Steps) -> str:
        """The inputs hold spec and file, the weights' hash the network."""
        return digest(self._weights, *(part.tobytes() for part in steps))

    def _compute(self, sample: Sample) -> Arrays:
        steps = self._source.of(sample)
        if steps is None:
            raise KeyError(sample.key)
        device = next(self._network.parameters()).device
        with torch.inference_mode():
            inputs = (torch.from_numpy(part[None]).to(device) for part in steps)
            encoded = cast("Encoded", self._network(*inputs))
        return {"embedding": encoded.embedding[0].cpu().numpy(), "mask": encoded.mask[0].cpu().numpy()}


def weights_hash(network: nn.Module) -> bytes:
    """Of names and values."""
    summed = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        summed.update(name.encode())
        summed.update(np.ascontiguousarray(value.detach().cpu().numpy()).tobytes())
    return summed.digest()
