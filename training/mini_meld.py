"""A MELD of a few dialogues in the official layout, for tests and first steps; made the same each time, with some of MELD's own defects."""

import csv
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from streamer.labels import EMOTIONS, SENTIMENTS_OF, Emotion
from training.corpora.meld_rows import CLIP_FOLDERS, MeldSplit
from training.errors import TrainingError
from training.made_clips import Made, cut, made_clip, portrait, write

DIALOGUES: Final[dict[MeldSplit, tuple[tuple[int, tuple[int, ...]], ...]]] = {
    "train": (
        (0, (0, 1, 2)),
        (1, (0, 1, 2, 3)),
        (2, (0, 1, 2)),
        (3, (0, 1, 2)),
        (10, (0, 1, 2, 3)),
        (125, (0, 1, 2, 3)),
    ),
    "dev": ((0, (0, 1, 2)), (1, (0, 1, 2)), (110, (7, 8))),
    "test": ((0, (0, 1, 2)), (1, (0, 1, 2, 3))),
}
"""Dialogues with the numbers of their utterances. As in MELD, train's dia125_utt3 is cut off in the middle, and dev has no dia110_utt7."""

_SAID: Final[dict[Emotion, tuple[str, ...]]] = {
    "anger": ("Get out of my room right now!", "I am so angry with you!"),
    "disgust": ("Ew, that smells awful.", "This is really disgusting."),
    "fear": ("Oh no, somebody is at the door.", "I’m so scared of that."),
    "joy": ("This is the best day of my life!", "I love it, that’s wonderful!"),
    "neutral": ("We meet at the office on Monday.", "The train leaves at nine."),
    "sadness": ("I miss her so much.", "Everything went wrong for me."),
    "surprise": ("What? You are married?", "Oh my God, I can’t believe it!"),
}
_SPEAKERS: Final = ("Ross", "Joey", "Monica", "The Waiter")
_CLIP_S: Final = 1.4
_REAL: Final = ("faces/*.mp4", "ravdess/*.mp4")
_HEADER: Final = (
    "Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode", "StartTime", "EndTime",
)  # fmt: skip


class _Said(NamedTuple):
    dialogue: int
    utterance: int
    emotion: Emotion
    text: str
    speaker: str
    start_s: float


_EPISODES: Final[dict[MeldSplit, int]] = {"train": 1, "dev": 2, "test": 3}


def make(folder: Path, data: Path | None = None) -> int:
    """Write tables and clips; real faces and voices where `data` holds `av/`.

    Args:
        folder: New, or of an earlier call.
        data: The folder of research data; None for made clips alone.

    Returns:
        The number of clips.

    Raises:
        TrainingError: the folder holds something else, or scikit-image is missing.
    """
    if folder.exists() and any(child.name not in DIALOGUES for child in folder.iterdir()):
        raise TrainingError(f"{folder}: holds other files; name a new folder")
    face, real = portrait(), cycle(_real_clips(data))
    written = 0
    for split, dialogues in DIALOGUES.items():
        said = list(_utterances(split, dialogues))
        _write_table(folder / split / f"{split}_sent_emo.csv", _EPISODES[split], said)
        for number, one in enumerate(said):
            path = folder / split / CLIP_FOLDERS[split] / f"dia{one.dialogue}_utt{one.utterance}.mp4"
            if (split, path.stem) == ("dev", "dia110_utt7"):
                continue
            source = next(real, None) if number % 3 == 0 else None
            rng = np.random.default_rng([len(split), one.dialogue, one.utterance])
            write(path, cut(source, 0.8, _CLIP_S) if source else _made(face, one, rng))
            written += 1
            if (split, path.stem) == ("train", "dia125_utt3"):
                path.write_bytes(path.read_bytes()[:700])
    return written


def _made(face: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], one: _Said, rng: np.random.Generator) -> Made:
    return made_clip(face, EMOTIONS.index(one.emotion), rng, _CLIP_S)


def _utterances(split: MeldSplit, dialogues: tuple[tuple[int, tuple[int, ...]], ...]) -> Iterator[_Said]:
    """Every emotion in turn; `neutral` more often, as in life."""
    order = cycle((*EMOTIONS, "neutral"))
    for dialogue, utterances in dialogues:
        for place, utterance in enumerate(utterances):
            emotion: Emotion = next(order)
            text = _SAID[emotion][(dialogue + place + len(split)) % 2]
            speaker = _SPEAKERS[(place + dialogue) % len(_SPEAKERS)]
            yield _Said(dialogue, utterance, emotion, text, speaker, 60.0 + 100 * dialogue + 2 * place + len(split))


def _write_table(path: Path, episode: int, said: list[_Said]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADER)
        for number, one in enumerate(said, start=1):
            sentiment = SENTIMENTS_OF[one.emotion][number % len(SENTIMENTS_OF[one.emotion])]
            times = (_time(one.start_s), _time(one.start_s + _CLIP_S))
            writer.writerow(
                [number, one.text, one.speaker, one.emotion, sentiment, one.dialogue, one.utterance, 1, episode, *times]
            )


def _time(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{thousandths:03d}"


def _real_clips(data: Path | None) -> list[Path]:
    return [] if data is None else [path for pattern in _REAL for path in sorted((data / "av").glob(pattern))]
