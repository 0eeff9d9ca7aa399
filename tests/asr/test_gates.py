"""Each gate on what it is for, and on what it must let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.asr.gates import Evidence, rejection


def judge(text: str, **known: object) -> str | None:
    evidence = Evidence(text=text, duration_s=3.0, loudest_dbfs=-20.0)._replace(**known)  # type: ignore[arg-type]
    return rejection(evidence, min_confidence=0.5)


def test_sure_words_of_a_voice_pass() -> None:
    assert judge("I can't believe it!", confidence=0.8, no_speech_prob=0.01, avg_logprob=-0.2) is None


def test_no_words_need_no_gate() -> None:
    assert judge("", confidence=None, loudest_dbfs=-90.0, language="pl") is None


def test_words_below_any_voice_are_refused_with_the_level() -> None:
    assert judge("Hello there", loudest_dbfs=-72.4) == "too quiet for words: -72 dBFS at its loudest"


def test_no_speech_needs_both_the_probability_and_unsure_words() -> None:
    assert judge("so", no_speech_prob=0.9, avg_logprob=-1.5) == "probably no speech: probability 0.90, words at -1.5"
    assert judge("so", no_speech_prob=0.9, avg_logprob=-0.3, confidence=0.9) is None
    assert judge("so", no_speech_prob=0.2, avg_logprob=-1.5, confidence=0.9) is None


def test_more_words_than_there_was_time_for_are_refused() -> None:
    text = "the quick brown fox jumps over the lazy dog"
    assert judge(text, duration_s=0.5) == "more words than can be spoken: 9 in 0.5 s"
    assert judge(text, duration_s=2.0) is None
    assert judge("oh no you", duration_s=0.3) is None


@pytest.mark.parametrize(
    "text",
    [
        "No. " * 8,
        "I'm sorry. " * 6,
        "and so it goes " * 4,
        "Well, thank you for having me thank you for having me thank you for having me thank you for having me",
    ],
)
def test_a_loop_is_refused(text: str) -> None:
    assert (judge(text, confidence=0.9, duration_s=30.0) or "").startswith("repeats itself: ")


@pytest.mark.parametrize("text", ["No, no, no, no!", "Bye bye bye.", "I know, I know, I know.", "ha ha ha ha ha"])
def test_people_do_repeat_themselves(text: str) -> None:
    assert judge(text, confidence=0.9) is None


def test_a_text_that_compresses_as_no_speech_does_is_refused() -> None:
    assert "compresses" in (judge("abcdefghijklmnopqrstuvwxyz" * 8, confidence=0.9) or "")


@pytest.mark.parametrize("text", ["Thank you.", "Thanks for watching!", "you", " Subtitles by the Amara.org community"])
def test_what_whisper_says_to_silence_is_refused_unless_it_is_sure(text: str) -> None:
    assert (
        judge(text, no_speech_prob=0.3, avg_logprob=-0.5, confidence=0.6)
        == "a phrase that Whisper often invents, confidence 0.60"
    )
    assert judge(text, no_speech_prob=0.3, avg_logprob=-0.1, confidence=0.9) is None


def test_other_engines_do_not_invent_closing_words() -> None:
    assert judge("thank you", confidence=0.6) is None


def test_other_languages_are_published_and_not_judged() -> None:
    assert judge("Nie wierzę!", confidence=0.9, language="pl") == "speech is pl, the text network reads English"


def test_a_low_confidence_is_told_with_both_figures() -> None:
    assert judge("and why a dark", confidence=0.31) == "ASR confidence 0.31 is below 0.50"
    assert judge("and why a dark", confidence=None) is None


@given(st.text(), st.floats(0, 60), st.floats(-100, 0), st.floats(0, 1) | st.none())
def test_any_text_gets_an_answer(text: str, duration_s: float, loudest_dbfs: float, confidence: float | None) -> None:
    reason = rejection(Evidence(text, duration_s, loudest_dbfs, confidence), 0.5)
    assert reason is None or "\n" not in reason
