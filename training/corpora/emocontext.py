"""EmoContext (Chatterjee et al., 2019): the last of three turns of a chat, as happy, sad, angry or others."""

from pathlib import Path
from typing import Final

from streamer.features import ContextTurn
from streamer.labels import Emotion
from training.corpora.tables import known, rows
from training.samples import Sample, Split, emotion_of, implied_sentiment

_LABELS: Final[dict[str, Emotion]] = {
    "happy": "joy",
    "sad": "sadness",
    "angry": "anger",
    "others": "neutral",  # mostly; the corpus does not say what else
}
_FIELDS: Final = ("id", "turn1", "turn2", "turn3", "label")
_SPLITS: Final[tuple[tuple[str, Split], ...]] = (("train", "train"), ("valid", "dev"))
_CALIBRATION_EVERY: Final = 20


def read(data: Path) -> list[Sample]:
    """Its train file, but for each twentieth row, which calibrates; its valid file as dev. The first and third turn are one speaker's."""
    samples = []
    for file, split in _SPLITS:
        path = data / "text" / "emocontext" / f"{file}.txt"
        for line, row in rows(path, _FIELDS, delimiter="\t", quoted=False):
            emotion = emotion_of(known(path, line, _LABELS, row["label"]))
            own_split: Split = "calibration" if split == "train" and line % _CALIBRATION_EVERY == 0 else split
            samples.append(
                Sample(
                    corpus="emocontext",
                    key=f"{path.name}:{line}",
                    split=own_split,
                    emotion=emotion,
                    sentiment=implied_sentiment(emotion),
                    speaker="user",
                    text=row["turn3"],
                    context=(ContextTurn("user", row["turn1"]), ContextTurn("agent", row["turn2"])),
                )
            )
    return samples
