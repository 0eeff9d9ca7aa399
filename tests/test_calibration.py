import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streamer.calibration import COMPATIBLE, Calibration, decide, joint_probs
from streamer.labels import EMOTIONS, SENTIMENTS, SENTIMENTS_OF, subset_name

LOGITS = st.floats(-30, 30, width=32)


@settings(max_examples=200, deadline=None)
@given(arrays(np.float32, (3, 7), elements=LOGITS), arrays(np.float32, (3, 3), elements=LOGITS), st.floats(0.3, 4))
def test_emotion_and_sentiment_never_contradict_each_other(
    emotion: np.ndarray, sentiment: np.ndarray, temperature: float
) -> None:
    for decision in decide(emotion, sentiment, Calibration(emotion_temperature=temperature, emotion_threshold=0.6)):
        label, feeling = EMOTIONS[decision.emotion], SENTIMENTS[decision.sentiment]
        assert feeling in SENTIMENTS_OF[label]
        assert decision.emotion_probs[decision.emotion] == max(decision.emotion_probs)
        assert decision.emotion in decision.emotion_set
        assert decision.sentiment in decision.sentiment_set
        np.testing.assert_allclose([sum(decision.emotion_probs), sum(decision.sentiment_probs)], 1, atol=1e-6)


def test_pairs_that_cannot_occur_have_no_probability() -> None:
    joint = joint_probs(np.zeros((1, 7), np.float32), np.zeros((1, 3), np.float32), Calibration())[0]
    assert (joint[COMPATIBLE == 0] == 0).all()
    assert (joint[COMPATIBLE == 1] > 0).all()


def test_each_head_moves_the_other() -> None:
    undecided = np.zeros((1, 7), np.float32)
    (decision,) = decide(undecided, np.array([[0, 0, 5]], np.float32), Calibration())
    assert EMOTIONS[decision.emotion] in {"joy", "surprise"}


def test_where_nothing_could_be_judged_it_is_neutral_and_every_label_is_in_the_set() -> None:
    (decision,) = decide(np.zeros((1, 7), np.float32), np.zeros((1, 3), np.float32), Calibration())
    assert (EMOTIONS[decision.emotion], SENTIMENTS[decision.sentiment]) == ("neutral", "neutral")
    assert len(decision.emotion_set) == 7


def test_a_sentiment_that_is_undecided_changes_no_emotion() -> None:
    emotion = np.array([[0.3, -1.0, 0.0, 2.0, 1.0, -0.5, 1.5]], np.float32)
    (decision,) = decide(emotion, np.zeros((1, 3), np.float32), Calibration())
    np.testing.assert_allclose(decision.emotion_probs, np.exp(emotion[0]) / np.exp(emotion[0]).sum(), rtol=1e-5)


def test_a_higher_temperature_makes_less_sure_and_a_lower_threshold_makes_sets_smaller() -> None:
    logits, flat = np.array([[2, 0, 0, 1, 0, 0, 0]], np.float32), np.zeros((1, 3), np.float32)

    def top(calibration: Calibration) -> float:
        return max(decide(logits, flat, calibration)[0].emotion_probs)

    assert top(Calibration(emotion_temperature=3.0)) < top(Calibration())
    wide = decide(logits, flat, Calibration(emotion_threshold=0.99))[0].emotion_set
    narrow = decide(logits, flat, Calibration(emotion_threshold=0.7))[0].emotion_set
    assert set(narrow) < set(wide)


def test_a_label_exactly_at_the_threshold_is_in_the_set() -> None:
    logits = np.full((1, 7), -200.0, np.float32)
    logits[0, [EMOTIONS.index("anger"), EMOTIONS.index("fear")]] = 0.0  # each has a half
    (decision,) = decide(logits, np.zeros((1, 3), np.float32), Calibration(emotion_threshold=0.5))
    assert [EMOTIONS[i] for i in decision.emotion_set] == ["anger", "fear"]


def test_each_head_is_divided_by_its_own_temperature_and_then_moved_by_its_own_bias() -> None:
    emotion = np.array([[0.3, -1.0, 0.0, 2.0, 1.0, -0.5, 1.5]])
    sentiment = np.array([[1.0, 0.2, -0.6]])
    biases = (0.1, 0.0, -0.3, 0.5, 0.2, 0.0, -0.1), (0.4, -0.2, 0.3)
    calibration = Calibration(2.0, 4.0, *biases)
    expected = joint_probs(emotion / 2 + np.array(biases[0]), sentiment / 4 + np.array(biases[1]), Calibration())
    np.testing.assert_allclose(joint_probs(emotion, sentiment, calibration), expected)


def test_each_head_has_its_own_threshold() -> None:
    logits = np.zeros((1, 7), np.float32), np.zeros((1, 3), np.float32)
    (feeling,) = decide(*logits, Calibration(emotion_threshold=0.0))
    (meaning,) = decide(*logits, Calibration(sentiment_threshold=0.0))
    assert (len(feeling.emotion_set), len(feeling.sentiment_set)) == (1, 3)
    assert (len(meaning.emotion_set), len(meaning.sentiment_set)) == (7, 1)


def test_a_set_is_ordered_by_probability_and_begins_with_the_label() -> None:
    logits = np.array([[1, 3, 0, -1, 2, 0, 0]], np.float32)
    (decision,) = decide(logits, np.zeros((1, 3), np.float32), Calibration(emotion_threshold=1.0))
    probs = [decision.emotion_probs[i] for i in decision.emotion_set]
    assert probs == sorted(probs, reverse=True)
    assert len(decision.emotion_set) == 7


def test_subsets_are_named_in_the_fixed_order() -> None:
    assert subset_name({"video", "text"}) == "text+video"
    assert subset_name(frozenset()) == "none"
