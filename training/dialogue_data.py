"""Whole dialogues as batches: the acoustic vectors of their utterances, and the labels of each."""

from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn

from models.audio.acoustic_rnn import AcousticRnnEncoder
from models.graph import Encoded
from models.heads import Logits
from models.network import Network
from streamer.features.arrays import Float32
from training.batch import Batch, rng_for, shuffled, targets
from training.clip_data import Source
from training.errors import TrainingError
from training.samples import Sample

Dialogue = tuple[list[Sample], Float32]
"""Utterances in their order, and their vectors, [utterances, width]."""


class DialogueData:
    """Dialogues of at most so many utterances; those without a vector are left out, as the daemon would have heard nothing then.

    A network that reads in both directions learns to wait for what comes after; where it runs, the newest utterance is the last. So each
    time that a dialogue is seen, it ends somewhere else.
    """

    def __init__(
        self,
        samples: list[Sample],
        vector: Source,
        batch_size: int,
        seed: int,
        max_utterances: int,
        *,
        cut: bool = True,
    ) -> None:
        """Over samples in the order of their dialogues.

        Args:
            samples: Of any dialogues.
            vector: Of one utterance: [1, width] and a mask.
            batch_size: Dialogues in a batch.
            seed: Of the batches.
            max_utterances: The last so many of a dialogue.
            cut: False gives whole dialogues.
        """
        self.dialogues: list[Dialogue] = []
        for _, group in groupby(samples, key=lambda sample: sample.dialogue):
            found = [(sample, steps[0]) for sample in group if (steps := vector.of(sample)) is not None]
            if found:
                said, vectors = zip(*found[-max_utterances:], strict=True)
                self.dialogues.append((list(said), np.concatenate(vectors).astype(np.float32)))
        self.batch_size, self.seed, self.cut = batch_size, seed, cut

    @property
    def samples(self) -> list[Sample]:
        """Every utterance that trains."""
        return [sample for said, _ in self.dialogues for sample in said]

    def plan(self, epoch: int) -> list[list[int]]:
        """Batches of dialogues of about one length."""
        sizes = [len(said) for said, _ in self.dialogues]
        return shuffled(sizes, self.batch_size, rng_for(self.seed, epoch))

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """Vectors [dialogues, utterances, width] and mask; the targets of the utterances that are there, one after another."""
        draw = int(rng.integers(2**32))  # then by dialogue: each of several processes draws for its own what one would
        chosen = [self._beginning(self.dialogues[i], rng_for(draw, i)) for i in indices]
        longest = max(len(said) for said, _ in chosen)
        vectors = np.stack([np.pad(v, ((0, longest - len(v)), (0, 0))) for _, v in chosen])
        mask = np.stack([np.arange(longest) < len(said) for said, _ in chosen]).astype(np.float32)
        inputs = (torch.from_numpy(vectors), torch.from_numpy(mask))
        return Batch(inputs, *targets([sample for said, _ in chosen for sample in said]))

    def _beginning(self, dialogue: Dialogue, rng: np.random.Generator) -> Dialogue:
        said, vectors = dialogue
        end = int(rng.integers(1, len(said) + 1)) if self.cut else len(said)
        return said[:end], vectors[:end]


class TimeDistributed(nn.Module):
    """A network of one recurrent audio encoder, deciding on every utterance of a dialogue."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        encoder = dict(network.encoders.items()).get("audio")
        if not isinstance(encoder, AcousticRnnEncoder):
            raise TrainingError("a dialogue stage trains an acoustic-rnn, which gives an embedding for every utterance")
        self.network, self._encoder = network, encoder

    def forward(self, vectors: Tensor, mask: Tensor) -> Logits:
        """[dialogues, utterances, width] and [dialogues, utterances] -> logits of the utterances that are there."""
        encoded: Encoded = self._encoder.every_step(vectors, mask)
        steps = encoded.embedding[mask > 0].unsqueeze(1)
        there, absent = steps.new_ones(len(steps), 1), steps.new_zeros(len(steps), 1)
        nothing = steps.new_zeros(len(steps), 1, 1)
        fused = self.network.fuse(nothing, steps, nothing, absent, there, absent)
        return Logits(fused.emotion_logits, fused.sentiment_logits)
