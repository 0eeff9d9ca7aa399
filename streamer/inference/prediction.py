"""What the model says of one utterance: the same fields that go on the wire."""

from dataclasses import dataclass

from streamer.calibration import Decision
from streamer.labels import EMOTIONS, SENTIMENTS, Modality
from streamer.wire import EmotionField, ModalityField, SentimentField


@dataclass(frozen=True, slots=True)
class Prediction:
    """Emotion, sentiment, and what each modality had to do with it."""

    emotion: EmotionField
    sentiment: SentimentField
    modalities: dict[Modality, ModalityField]


def emotion_field(decision: Decision) -> EmotionField:
    """With four decimals: more would be noise, and would not be the same on every processor."""
    return EmotionField(
        label=EMOTIONS[decision.emotion],
        probs={label: round(p, 4) for label, p in zip(EMOTIONS, decision.emotion_probs, strict=True)},
        set=[EMOTIONS[i] for i in decision.emotion_set],
        uncertain=len(decision.emotion_set) != 1,
    )


def sentiment_field(decision: Decision) -> SentimentField:
    """As `emotion_field`."""
    return SentimentField(
        label=SENTIMENTS[decision.sentiment],
        probs={label: round(p, 4) for label, p in zip(SENTIMENTS, decision.sentiment_probs, strict=True)},
        set=[SENTIMENTS[i] for i in decision.sentiment_set],
        uncertain=len(decision.sentiment_set) != 1,
    )
