"""Text samples as batches of word pieces."""

import numpy as np
import torch
from tokenizers import Tokenizer

from streamer.features import TextPieces, TextSpec
from training.augment.recognised import Misheard, TextAugment, augment
from training.batch import Batch, rng_for, shuffled, targets
from training.samples import Sample


class TextData:
    """Samples with their dialogue, augmented anew each time."""

    def __init__(
        self,
        samples: list[Sample],
        spec: TextSpec,
        tokenizer: Tokenizer,
        batch_size: int,
        seed: int,
        config: TextAugment | None,
    ) -> None:
        self.samples, self.spec, self.tokenizer = samples, spec, tokenizer
        self.batch_size, self.seed, self.config = batch_size, seed, config
        self._misheard = Misheard(samples) if config else None
        self.sizes = [len(pieces(sample, spec, tokenizer).input_ids) for sample in samples]

    def plan(self, epoch: int) -> list[list[int]]:
        """Batches of about equal length."""
        return shuffled(self.sizes, self.batch_size, rng_for(self.seed, epoch))

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch; the augmentation draws from `rng`."""
        chosen = [self.samples[i] for i in indices]
        if self.config and self._misheard:
            chosen = [augment(sample, self.config, self._misheard, rng) for sample in chosen]
        return collate_text(chosen, self.spec, self.tokenizer)


def pieces(sample: Sample, spec: TextSpec, tokenizer: Tokenizer) -> TextPieces:
    """What the daemon would make of the same words."""
    return spec.pieces(tokenizer, sample.text or "", speaker=sample.speaker, context=sample.context)


def collate_text(samples: list[Sample], spec: TextSpec, tokenizer: Tokenizer) -> Batch:
    """Pad to the longest."""
    found = [pieces(sample, spec, tokenizer) for sample in samples]
    longest = max(len(p.input_ids) for p in found)
    inputs = tuple(
        torch.from_numpy(np.stack([np.pad(p[field], (0, longest - len(p[field]))) for p in found]))
        for field in range(3)
    )
    return Batch(inputs, *targets(samples))
