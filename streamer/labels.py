"""The labels, their order, and which emotion goes with which sentiment. Nothing else defines them.

The order is alphabetical and is the order of every logits vector; a bundle that was trained in another is refused.
"""

from typing import Final, Literal, get_args

Emotion = Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]
Sentiment = Literal["negative", "neutral", "positive"]
Modality = Literal["text", "audio", "video"]

EMOTIONS: Final[tuple[Emotion, ...]] = get_args(Emotion)
SENTIMENTS: Final[tuple[Sentiment, ...]] = get_args(Sentiment)
MODALITIES: Final[tuple[Modality, ...]] = get_args(Modality)

SENTIMENTS_OF: Final[dict[Emotion, tuple[Sentiment, ...]]] = {
    "anger": ("negative",),
    "disgust": ("negative",),
    "fear": ("negative",),
    "joy": ("positive",),
    "neutral": ("neutral",),
    "sadness": ("negative",),
    "surprise": ("negative", "positive"),
}
"""MELD's annotation scheme: sentiment follows from emotion, except that a surprise may be good or bad."""


def subset_name(modalities: set[Modality] | frozenset[Modality]) -> str:
    """The name of a set of modalities, in the fixed order: `text+audio`; `none` for the empty one."""
    return "+".join(m for m in MODALITIES if m in modalities) or "none"
