"""Labels that a larger network gives, for a smaller one to learn from (Hinton et al., 2015)."""

from pathlib import Path

import msgspec
import numpy as np
import torch

from models.heads import Logits
from models.network import Encoding
from training.samples import Sample


class Teacher(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of the same run, and how far its answers count."""

    stage: str
    encoding: Encoding
    """What that stage trained."""
    share: float = 0.5
    """Of a label, what is the teacher's; the rest is the corpus' own."""
    alone_on: tuple[str, ...] = ()
    """Corpora whose own labels do not count: the teacher knows better what they would be elsewhere."""


def taught(samples: list[Sample], answers: Logits, teacher: Teacher) -> list[Sample]:
    """The samples, labelled as far by the teacher as its share says.

    Args:
        samples: As their corpora label them.
        answers: The teacher's, one row each.
        teacher: How far they count.
    """
    emotion, sentiment = (logits.float().softmax(-1).numpy() for logits in answers)
    return [
        msgspec.structs.replace(
            sample,
            emotion=_mixed(sample.emotion, emotion[row], _share(sample, teacher)),
            sentiment=_mixed(sample.sentiment, sentiment[row], _share(sample, teacher)),
        )
        for row, sample in enumerate(samples)
    ]


def _share(sample: Sample, teacher: Teacher) -> float:
    return 1.0 if sample.corpus in teacher.alone_on else teacher.share


def _mixed(own: tuple[float, ...], said: np.ndarray, share: float) -> tuple[float, ...]:
    return tuple(float(value) for value in (1 - share) * np.array(own) + share * said)


def remembered(path: Path, samples: list[Sample], weights: Path) -> Logits | None:
    """The answers that an earlier call kept, where they are of these very samples, and newer than the teacher's `weights`."""
    if not path.is_file() or (weights.is_file() and weights.stat().st_mtime_ns > path.stat().st_mtime_ns):
        return None
    kept = torch.load(path, map_location="cpu", weights_only=True)
    return Logits(kept["emotion"], kept["sentiment"]) if kept["keys"] == [sample.key for sample in samples] else None


def remember(path: Path, samples: list[Sample], answers: Logits) -> None:
    """Keep them: a large network takes minutes to give them."""
    torch.save({"keys": [sample.key for sample in samples], **answers._asdict()}, path)
