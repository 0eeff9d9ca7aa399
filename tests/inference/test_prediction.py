"""How a decision stands on the wire."""

import pytest

from streamer.calibration import Decision
from streamer.inference.prediction import emotion_field, sentiment_field
from streamer.labels import EMOTIONS, SENTIMENTS


def decided(emotions: tuple[int, ...], sentiments: tuple[int, ...]) -> Decision:
    """Whatever it is, with these sets."""
    probs = (1 / len(EMOTIONS),) * len(EMOTIONS), (1 / len(SENTIMENTS),) * len(SENTIMENTS)
    return Decision(*probs, emotions[0], sentiments[0], emotions, sentiments)


@pytest.mark.parametrize(("emotions", "sentiments"), [((3,), (2, 1)), ((6, 3), (2,)), ((4,), (1,)), ((6, 0), (0, 2))])
def test_emotion_and_sentiment_are_each_uncertain_where_their_own_set_holds_more_than_the_label(
    emotions: tuple[int, ...], sentiments: tuple[int, ...]
) -> None:
    decision = decided(emotions, sentiments)
    feeling, meaning = emotion_field(decision), sentiment_field(decision)
    assert (feeling.uncertain, meaning.uncertain) == (len(emotions) == 2, len(sentiments) == 2)
    assert feeling.set == [EMOTIONS[i] for i in emotions]
    assert meaning.set == [SENTIMENTS[i] for i in sentiments]
