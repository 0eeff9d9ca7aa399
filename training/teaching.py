"""Labels that a larger network gives, for a smaller one to learn from (Hinton et al., 2015)."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from models.heads import Logits
from models.network import Encoding
from streamer.bundle import sha256
from training.errors import TrainingError
from training.samples import Sample
from training.weight_files import read, write


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


def question(samples: list[Sample], encoding: Encoding, weights: Path) -> str:
    """What answers are to: what the teacher reads, and the teacher itself, as a sha256. Labels and file times are no part of it.

    Args:
        samples: In their order.
        encoding: What the teacher makes of them.
        weights: The teacher's; it has been trained.
    """
    summed = hashlib.sha256(repr(encoding).encode())
    summed.update(bytes.fromhex(sha256(weights)))
    for sample in samples:
        summed.update(
            repr(
                (sample.key, sample.speaker, sample.text, sample.context, sample.audio, sample.video, sample.face)
            ).encode()
        )
    return summed.hexdigest()


def remembered(path: Path, asked: str) -> Logits | None:
    """The answers that an earlier call kept, where they are to this very question; damaged ones are as good as none."""
    if not path.is_file():
        return None
    try:
        kept = read(path, "the teacher is asked again")
        return Logits(kept["emotion"], kept["sentiment"]) if kept["question"] == asked else None
    except (TrainingError, KeyError):  # a file of before there were questions has none
        return None


def remember(path: Path, asked: str, answers: Logits) -> None:
    """Keep them: a large network takes minutes to give them."""
    write(path, {"question": asked, **answers._asdict()})
