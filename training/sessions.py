"""Which clips a clip is heard after: corpora of single clips as if their speakers had been at the microphone for a while."""

from collections import defaultdict

import msgspec
import numpy as np

from streamer.features.arrays import Float32, Int64
from streamer.labels import EMOTIONS
from training.batch import rng_for
from training.samples import Sample

EARLIER = 8
"""Clips before each, where a figure is of a session."""
_SEED = 17


class SessionAugment(msgspec.Struct, frozen=True, kw_only=True):
    """How the sessions of training differ from each other."""

    alone: float = 0.2
    """Share of clips before which nothing was heard."""
    most: int = 12
    """Clips before one, at most."""
    neutral: float = 0.3
    """Share of sessions that were neutral so far; the others are drawn as the corpus has them."""
    others: float = 0.2
    """Share of sessions in which other people of the corpus spoke before."""


class Sessions:
    """Of some clips, what was heard before each."""

    def __init__(self, samples: list[Sample], spectra: Float32) -> None:
        """Args: spectra: Each clip's `voice_spectrum`, [n, bands]."""
        self._spectra = spectra
        self._samples = samples
        self._of_speaker = _grouped([s.speaker for s in samples])
        self._of_corpus = _grouped([s.corpus for s in samples])
        self._neutral = np.array([s.label == EMOTIONS.index("neutral") for s in samples], np.bool_)

    def drawn(self, index: int, config: SessionAugment, rng: np.random.Generator) -> Float32:
        """[earlier, bands], another one each time."""
        if rng.random() < config.alone:
            return self._spectra[:0]
        sample = self._samples[index]
        pool = (
            self._of_corpus[sample.corpus] if rng.random() < config.others else self._of_speaker[sample.speaker or ""]
        )
        if rng.random() < config.neutral and self._neutral[pool].any():
            pool = pool[self._neutral[pool]]
        return self._of(pool, index, int(rng.integers(1, config.most + 1)), rng)

    def fixed(self, index: int, earlier: int) -> Float32:
        """[earlier, bands] of the same speaker, always the same; fewer where there are no more."""
        return self._of(self._of_speaker[self._samples[index].speaker or ""], index, earlier, rng_for(_SEED, index))

    def of_another(self, index: int, earlier: int) -> Float32:
        """[earlier, bands] of one other speaker of the corpus, always the same."""
        sample, rng = self._samples[index], rng_for(_SEED, index)
        corpus, own = self._of_corpus[sample.corpus], self._of_speaker[sample.speaker or ""]
        others = np.setdiff1d(corpus, own)
        if not len(others):
            return self._spectra[:0]
        speaker = self._samples[int(rng.choice(others))].speaker or ""
        return self._of(self._of_speaker[speaker], index, earlier, rng)

    def _of(self, pool: Int64, index: int, earlier: int, rng: np.random.Generator) -> Float32:
        others = pool[pool != index]
        return self._spectra[rng.choice(others, size=min(earlier, len(others)), replace=False)]


def _grouped(names: list[str | None]) -> dict[str, Int64]:
    """Where each name stands."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        found[name or ""].append(index)
    return {name: np.array(indices, np.int64) for name, indices in found.items()}
