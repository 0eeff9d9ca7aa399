"""Text as a speech recogniser would have given it: without punctuation, with some words lost or misheard."""

import re
from collections import defaultdict

import msgspec
import numpy as np

from streamer.features import ContextTurn
from training.samples import Sample

_WORD = re.compile(r"[a-z']+")


class TextAugment(msgspec.Struct, frozen=True, kw_only=True):
    """How often, in shares of the samples (or of the words)."""

    recognised: float = 0.55
    """Samples that are made to look like a recogniser's text."""
    punctuated: float = 0.4
    """Of those, the ones that keep their punctuation: Whisper writes it, small engines do not."""
    word_errors: float = 0.10
    no_context: float = 0.12
    no_speakers: float = 0.20


class Misheard:
    """Words that are mistaken for each other: of one first letter and about one length, from the corpus itself."""

    def __init__(self, samples: list[Sample]) -> None:
        counts: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        for sample in samples:
            for word in _WORD.findall((sample.text or "").lower()):
                bucket = counts[_bucket(word)]
                bucket[word] = bucket.get(word, 0) + 1
        self._words = {key: sorted(bucket) for key, bucket in counts.items()}

    def instead_of(self, word: str, rng: np.random.Generator) -> str:
        """Another word of the same bucket; the word itself where there is none."""
        found = _WORD.search(word.lower())
        near = self._words.get(_bucket(found.group()), []) if found else []
        return near[int(rng.integers(len(near)))] if near else word


def _bucket(word: str) -> tuple[str, int]:
    return word[0], min(len(word) // 2, 5)


def recognised(text: str, misheard: Misheard, rng: np.random.Generator, *, errors: float, punctuated: bool) -> str:
    """The text as recognised: half of the errors are words misheard, a third are lost, the others said twice."""
    if not punctuated:
        text = re.sub(r"[^\w' ]+", " ", text.replace("’", "'"))
    said: list[str] = []
    for word in text.split():
        if rng.random() >= errors:
            said.append(word)
            continue
        kind = rng.random()
        if kind < 0.5:
            said.append(misheard.instead_of(word, rng))
        elif kind > 0.84:
            said += [word, word]
    return " ".join(said or text.split()[:1])


def augment(sample: Sample, config: TextAugment, misheard: Misheard, rng: np.random.Generator) -> Sample:
    """The sample as the daemon might meet it."""
    text, context, speaker = sample.text or "", sample.context, sample.speaker
    if rng.random() < config.recognised:
        punctuated = bool(rng.random() < config.punctuated)
        text, *earlier = (
            recognised(t, misheard, rng, errors=config.word_errors, punctuated=punctuated)
            for t in (text, *(turn.text for turn in context))
        )
        context = tuple(ContextTurn(turn.speaker, t) for turn, t in zip(context, earlier, strict=True))
    if rng.random() < config.no_context:
        context = ()
    if rng.random() < config.no_speakers:
        speaker = None
    return msgspec.structs.replace(sample, text=text, context=context, speaker=speaker)
