"""What an utterance is judged by, and what is said of that which is missing."""

import pytest

from streamer.analysis.dialogue import Dialogue
from streamer.analysis.listening import Listening
from streamer.analysis.open_utterance import OpenUtterance
from streamer.analysis.speech_track import SpeechTrack
from streamer.features.arrays import Float32
from streamer.inference import Model
from streamer.messages import Heard, SpeechStarted, Transcript
from streamer.segment import TOO_QUIET
from tests.analysis.conftest import status

HELD_S = 2.0


def spoken(model: Model, voice: Float32, *, level_dbfs: float = -20.0, before: tuple[str, ...] = ()) -> OpenUtterance:
    """Of a microphone with a recogniser and no camera."""
    speech, dialogue = SpeechTrack(keep_s=30.0), Dialogue(4)
    speech.add(Heard(0.4, 0.9, -10.0))  # of the utterance before, whatever this one is like
    speech.add(Heard(HELD_S, 0.9, level_dbfs))
    for text in before:
        dialogue.add(text, None, 0.0)
    return OpenUtterance(
        Listening(SpeechStarted(1, 0.5, voice[: int(1.5 * 16_000)]), model, None),
        None,
        model=model,
        dialogue=dialogue,
        speech=speech,
        status=status(model),
        has_recogniser=True,
    )


def words(text: str, rejected: str | None = None) -> Transcript:
    return Transcript(text, 0.9, "made", rejected)


def test_words_and_voice_are_judged_together(model: Model, demo_voice: Float32) -> None:
    judged = spoken(model, demo_voice).judge(HELD_S, words("I hate you! Get out!"), final=True)
    assert (judged.by_words, judged.by_voice) == (True, True)
    assert {name for name, field in judged.result.modalities.items() if field.used} == {"text", "audio"}
    assert judged.result.modalities["video"].reason == "no camera"


@pytest.mark.parametrize(
    ("transcript", "unread", "reason"),
    [
        (words("thank you", rejected="recognised where there was hardly any voice"), None, "recognised where there"),
        (words(""), None, "no words were recognised"),
        (None, "read at the next pause", "read at the next pause"),
        (words("not yet final"), "read at the next pause", "read at the next pause"),
    ],
)
def test_words_that_are_not_believed_not_there_or_not_final_are_not_read(
    model: Model, demo_voice: Float32, transcript: Transcript | None, unread: str | None, reason: str
) -> None:
    judged = spoken(model, demo_voice).judge(HELD_S, transcript, unread=unread)
    assert (judged.by_words, judged.by_voice) == (False, True)
    assert (judged.result.modalities["text"].reason or "").startswith(reason)


def test_a_voice_that_can_hardly_be_heard_is_not_judged_but_its_words_are(model: Model, demo_voice: Float32) -> None:
    judged = spoken(model, demo_voice, level_dbfs=-70.0).judge(HELD_S, words("I hate you! Get out!"))
    assert (judged.by_words, judged.by_voice) == (True, False)
    assert judged.result.modalities["audio"].reason == TOO_QUIET


def test_words_are_read_with_what_was_said_before(model: Model, demo_voice: Float32) -> None:
    said = words("Oh. You too?")
    plain, sad = (
        spoken(model, demo_voice, level_dbfs=-70.0, before=before).judge(HELD_S, said).result.emotion.probs
        for before in ((), ("My dog died this morning.", "I cried all day long."))
    )
    assert plain != sad
