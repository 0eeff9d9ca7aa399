"""What the corpora of acted speech have in common: a folder of clips whose names hold speaker and emotion."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from streamer.labels import Emotion
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, implied_sentiment


class Named(NamedTuple):
    """What a clip's name says."""

    speaker: str
    emotion: Emotion


def read_clips(folder: Path, corpus: str, parse: Callable[[str], Named], split_of: dict[str, Split]) -> list[Sample]:
    """Every `.opus` file of a folder; speakers that `split_of` does not name are for training.

    Raises:
        TrainingError: the folder is missing or empty, or a name does not follow the corpus's scheme.
    """
    paths = sorted(folder.glob("*.opus"))
    if not paths:
        raise TrainingError(f"{folder}: no .opus files there; --data is the folder that holds audio/")
    samples = []
    for path in paths:
        try:
            speaker, label = parse(path.stem)
        except (KeyError, ValueError, IndexError):
            raise TrainingError(
                f"{path}: its name does not follow the scheme of {corpus}; remove or rename it"
            ) from None
        emotion = emotion_of(label)
        samples.append(
            Sample(
                corpus=corpus,
                key=path.stem,
                split=split_of.get(speaker, "train"),
                emotion=emotion,
                sentiment=implied_sentiment(emotion),
                speaker=f"{corpus}/{speaker}",
                audio=path,
            )
        )
    return samples
