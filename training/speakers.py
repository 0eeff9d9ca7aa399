"""Which speakers are left out of a training, where every one of them is to be a stranger once."""

import msgspec

from training.errors import TrainingError
from training.samples import Sample


class Fold(msgspec.Struct, frozen=True):
    """One of several equal parts of a corpus's speakers."""

    index: int
    """From 0."""
    of: int


def folded(samples: list[Sample], fold: Fold | None) -> list[Sample]:
    """The fold's speakers as dev, all others as train, whatever their splits were; without a fold the samples as they are.

    Speakers are dealt out in the order of their names, corpus by corpus, so that each fold has women and men of RAVDESS and every accent.

    Raises:
        TrainingError: a sample says nothing of its speaker, or a corpus has too few speakers for so many folds.
    """
    if fold is None:
        return samples
    left_out = frozenset(
        speaker for corpus in dict.fromkeys(s.corpus for s in samples) for speaker in _dealt(samples, corpus, fold)
    )
    return [msgspec.structs.replace(s, split="dev" if s.speaker in left_out else "train") for s in samples]


def _dealt(samples: list[Sample], corpus: str, fold: Fold) -> list[str]:
    speakers = sorted({s.speaker or "" for s in samples if s.corpus == corpus})
    if "" in speakers:
        raise TrainingError(f"{corpus}: does not say who speaks, so nobody can be left out")
    if len(speakers) < fold.of:
        raise TrainingError(f"{corpus}: {len(speakers)} speakers cannot be dealt out to {fold.of} folds; ask for fewer")
    return speakers[fold.index :: fold.of]
