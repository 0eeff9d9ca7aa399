"""MELD (Poria et al., 2019): dialogues of a television series, seven emotions and three sentiments per utterance."""

from pathlib import Path
from typing import Final, get_args

from streamer.features import ContextTurn
from streamer.labels import Emotion, Sentiment
from training.corpora.meld_rows import MeldSplit, Span, counted_in, own_split, span_of
from training.corpora.tables import known, rows, typeset
from training.errors import TrainingError
from training.samples import Sample, emotion_of, sentiment_of

_EMOTIONS: Final[dict[str, Emotion]] = {e: e for e in get_args(Emotion)}
_SENTIMENTS: Final[dict[str, Sentiment]] = {s: s for s in get_args(Sentiment)}
_COLUMNS: Final = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")


def read(data: Path) -> list[Sample]:
    """Train and dev with the dialogue so far, in dialogue order; the official test split is not distributed with the data."""
    found = [*_read(data / "meld" / "train_sent_emo.csv", "train"), *_read(data / "meld" / "dev_sent_emo.csv", "dev")]
    counted = counted_in(data)
    return [sample for span, sample in found if counted.get(span, sample.split) == sample.split]


def _read(path: Path, split: MeldSplit) -> list[tuple[Span, Sample]]:
    """Where in the series it is said, and the utterance."""
    samples: list[tuple[Span, Sample]] = []
    turns: list[ContextTurn] = []
    dialogue = None
    for line, row in sorted(rows(path, _COLUMNS), key=lambda found: _position(path, *found)):
        if row["Dialogue_ID"] != dialogue:
            dialogue, turns = row["Dialogue_ID"], []
        emotion = emotion_of(known(path, line, _EMOTIONS, row["Emotion"]))
        sentiment = sentiment_of(known(path, line, _SENTIMENTS, row["Sentiment"]))
        text = typeset(row["Utterance"])
        sample = Sample(
            corpus="meld",
            key=f"{path.name}:dia{dialogue}_utt{row['Utterance_ID']}",
            split=own_split(split, int(dialogue)),
            emotion=emotion,
            sentiment=sentiment,
            speaker=row["Speaker"],
            text=text,
            context=tuple(turns[-8:]),
            dialogue=f"{split}/{dialogue}",
        )
        samples.append((span_of(row), sample))
        turns.append(ContextTurn(row["Speaker"], text))
    return samples


def _position(path: Path, line: int, row: dict[str, str]) -> tuple[int, int]:
    try:
        return int(row["Dialogue_ID"]), int(row["Utterance_ID"])
    except ValueError:
        raise TrainingError(
            f"{path}:{line}: dialogue {row['Dialogue_ID']!r} and utterance {row['Utterance_ID']!r} are not numbers"
        ) from None
