"""What the corpora of acted speech have in common: a folder of clips whose names hold speaker and emotion."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from streamer.labels import Emotion
from training.corpora.tables import WANTED
from training.errors import TrainingError
from training.samples import Sample, Split, emotion_of, implied_sentiment

_SOUND: Final = (".opus", ".wav", ".flac")


class Named(NamedTuple):
    """What a clip's name says."""

    speaker: str
    emotion: Emotion


def read_clips(
    folder: Path, corpus: str, parse: Callable[[str], Named | None], split_of: dict[str, Split]
) -> list[Sample]:
    """Every clip of a folder and of those in it, as the corpora are distributed; speakers that `split_of` does not name are for training.

    A clip that is there twice, as an archive's copy or in another format, counts once; one that `parse` has no name for, not at all.

    Raises:
        TrainingError: the folder is missing or empty, or a name does not follow the corpus's scheme.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SOUND and path.name[0] != ".")
    paths: dict[str, Path] = {}
    for path in found:
        paths.setdefault(path.stem, path)
    if not paths:
        raise TrainingError(f"{folder}: no {' or '.join(_SOUND)} files there; {WANTED}")
    samples = []
    for path in paths.values():
        try:
            named = parse(path.stem)
        except (KeyError, ValueError, IndexError):
            raise TrainingError(
                f"{path}: its name does not follow the scheme of {corpus}; remove or rename it"
            ) from None
        if named is None:
            continue
        emotion = emotion_of(named.emotion)
        samples.append(
            Sample(
                corpus=corpus,
                key=path.stem,
                split=split_of.get(named.speaker, "train"),
                emotion=emotion,
                sentiment=implied_sentiment(emotion),
                speaker=f"{corpus}/{named.speaker}",
                audio=path,
            )
        )
    return samples
