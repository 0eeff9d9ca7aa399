"""Clips as batches of every modality at once: from their features, or from what frozen encoders made of them."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from streamer.features import FaceCropSpec, FunctionalsSpec, LogMelSpec, TextSpec, VectorsSpec
from streamer.features.arrays import Float32, Int64
from streamer.features.log_mel import normalise
from streamer.features.voice_spectrum import voice_spectrum
from streamer.labels import MODALITIES, Modality
from training.batch import Batch, rng_for, shuffled, targets
from training.clip_store import ClipStore
from training.data_text import pieces
from training.pretrained import minilm_tokenizer
from training.runner import Specs
from training.samples import Sample

_WHOLE_DIALOGUE: Final = 32
"""MELD's longest has 33 utterances."""

Steps = tuple[Float32 | Int64, ...]
"""One sample's inputs of one encoder (or of its head), each [steps, …], all of one length."""


class Source(NamedTuple):
    """Where one modality's inputs come from."""

    inputs: int
    """How many tensors an encoder (or its head) takes."""
    of: Callable[[Sample], Steps | None]
    """A sample's; None where it has none."""


def text_source(spec: TextSpec, tokenizer: Tokenizer) -> Source:
    """Word pieces; a sample without words has none."""
    return Source(3, lambda sample: tuple(pieces(sample, spec, tokenizer)) if (sample.text or "").strip() else None)


def audio_source(store: ClipStore) -> Source:
    """Features and mask."""

    def of(sample: Sample) -> Steps | None:
        features = store.sound(sample).features
        return None if features is None else (features, np.ones(len(features), np.float32))

    return Source(2, of)


def video_source(spec: FaceCropSpec, store: ClipStore) -> Source:
    """Crops as the network sees them, and mask."""

    def of(sample: Sample) -> Steps | None:
        crops = store.face(sample).crops
        return None if crops is None else (spec.tensor(crops), np.ones(len(crops), np.float32))

    return Source(2, of)


def history_source(vector: Source, samples: list[Sample], earlier: int) -> Source:
    """The vectors of a sample's dialogue up to it, as the daemon keeps them: at most `earlier` before its own, which stands last."""
    dialogues = _Dialogues(samples)

    def of(sample: Sample) -> Steps | None:
        own = vector.of(sample)
        if own is None:
            return None
        found = [steps[0] for other in dialogues.before(sample) if (steps := vector.of(other)) is not None]
        vectors = np.concatenate([*found[-earlier:], own[0]] if earlier else [own[0]])
        return vectors, np.ones(len(vectors), np.float32)

    return Source(2, of)


def session_source(spec: LogMelSpec, store: ClipStore, samples: list[Sample]) -> Source:
    """Log-mel relative to what was heard in the sample's dialogue before it, as in the daemon; and mask."""
    dialogues = _Dialogues(samples)
    spectra: dict[str, Float32 | None] = {}

    def spectrum(sample: Sample) -> Float32 | None:
        if sample.key not in spectra:
            mel = store.sound(sample).features
            spectra[sample.key] = None if mel is None else voice_spectrum(mel)
        return spectra[sample.key]

    def of(sample: Sample) -> Steps | None:
        own = store.sound(sample).features
        if own is None:
            return None
        heard = [found for other in dialogues.before(sample) if (found := spectrum(other)) is not None]
        features = normalise(own, spec, heard[max(0, len(heard) - spec.history_utterances) :])
        return features, np.ones(len(features), np.float32)

    return Source(2, of)


class _Dialogues:
    def __init__(self, samples: list[Sample]) -> None:
        """Args: samples: In the order in which they were said."""
        self._of: dict[str | None, list[Sample]] = {}
        self._places: dict[str, int] = {}
        for sample in samples:
            dialogue = self._of.setdefault(sample.dialogue, [])
            self._places[sample.key] = len(dialogue)
            dialogue.append(sample)

    def before(self, sample: Sample) -> list[Sample]:
        """What was said in its dialogue before it; nothing, where it is of none."""
        if sample.dialogue is None:
            return []
        return self._of[sample.dialogue][: self._places[sample.key]]


def sources_of(specs: Specs, store: ClipStore, samples: list[Sample]) -> dict[Modality, Source]:
    """What each encoder reads of a sample, in the fixed order; `samples` are all that its dialogue may consist of, in their order."""
    sources: dict[Modality, Source] = {}
    for modality in MODALITIES:
        match specs.get(modality):
            case None:
                continue
            case TextSpec() as spec:
                sources[modality] = text_source(spec, minilm_tokenizer())
            case FaceCropSpec() as spec:
                sources[modality] = video_source(spec, store)
            case LogMelSpec(relative_to="session") as spec:
                sources[modality] = session_source(spec, store, samples)
            case FunctionalsSpec(history_utterances=earlier):
                sources[modality] = history_source(audio_source(store), samples, earlier)
            case VectorsSpec():
                sources[modality] = history_source(audio_source(store), samples, _WHOLE_DIALOGUE)
            case _:
                sources[modality] = audio_source(store)
    return sources


def gather(found: list[Steps | None], inputs: int) -> list[Tensor]:
    """The inputs of the samples that have a modality, and which have it.

    Args:
        found: Of each sample of a batch; None where it has none.
        inputs: How many tensors the encoder takes.

    Returns:
        The inputs, padded to the longest, [samples that have it, steps, …] (empty where none has), then [batch], 1 for those.
    """
    there = [steps for steps in found if steps is not None]
    present = torch.tensor([float(steps is not None) for steps in found])
    if not there:
        return [*(torch.zeros(0) for _ in range(inputs)), present]
    longest = max(len(steps[0]) for steps in there)
    return [*(_stacked([steps[i] for steps in there], longest) for i in range(inputs)), present]


def _stacked(parts: list[Float32 | Int64], longest: int) -> Tensor:
    padded = [np.pad(part, [(0, longest - len(part))] + [(0, 0)] * (part.ndim - 1)) for part in parts]
    return torch.from_numpy(np.stack(padded))


class ClipData:
    """Batches of clips whose modalities are dropped now and then; what a clip lacks is absent always."""

    def __init__(
        self,
        samples: list[Sample],
        sources: dict[Modality, Source],
        sizes: list[int],
        batch_size: int,
        seed: int,
        modality_dropout: float = 0.0,
    ) -> None:
        """Args: sizes: How much there is of each sample, as `ClipStore.lengths` has it."""
        self.samples, self.sources, self.sizes = samples, sources, sizes
        self.batch_size, self.seed, self.modality_dropout = batch_size, seed, modality_dropout

    def plan(self, epoch: int) -> list[list[int]]:
        """Batches of about equal length; one of a single sample joins the one before it, as batch normalisation needs two."""
        batches = shuffled(self.sizes, self.batch_size, rng_for(self.seed, epoch), pool=8)
        alone = [batch for batch in batches if len(batch) == 1]
        whole = [batch for batch in batches if len(batch) > 1]
        if alone and whole:
            whole[-1] = whole[-1] + alone[0]
        return whole or alone

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """For each modality in the fixed order its inputs, then which samples have it."""
        samples = [self.samples[i] for i in indices]
        found = {m: [self.sources[m].of(sample) for sample in samples] for m in self.modalities}
        kept = self._kept(np.array([[steps is not None for steps in found[m]] for m in self.modalities]).T, rng)
        inputs: list[Tensor] = []
        for number, m in enumerate(self.modalities):
            wanted = [steps if keep else None for steps, keep in zip(found[m], kept[:, number], strict=True)]
            inputs += gather(wanted, self.sources[m].inputs)
        return Batch(tuple(inputs), *targets(samples))

    @property
    def modalities(self) -> list[Modality]:
        """In the fixed order."""
        return [m for m in MODALITIES if m in self.sources]

    def _kept(self, there: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """[n, modalities] that are there -> those that are not dropped; a sample never loses all."""
        kept = there & (rng.random(there.shape) >= self.modality_dropout)
        lost = ~kept.any(axis=1)
        kept[lost] = there[lost]
        return kept
