"""What of a conversation is still known when the next utterance begins."""

from streamer.analysis.dialogue import Dialogue
from streamer.features import ContextTurn


def test_the_last_turns_are_kept_oldest_first_with_the_face_that_said_them() -> None:
    dialogue = Dialogue(2)
    for number, (text, track_id) in enumerate([("Hi.", 1), ("Who are you?", 2), ("Guess.", None)]):
        dialogue.add(text, track_id, float(number))
    assert dialogue.before(3.0) == (ContextTurn("face 2", "Who are you?"), ContextTurn(None, "Guess."))


def test_a_silence_of_a_minute_after_the_last_turn_ends_the_conversation() -> None:
    dialogue = Dialogue(4)
    dialogue.add("Hi.", 1, 100.0)
    assert [len(dialogue.before(start_s)) for start_s in (100.5, 159.9, 160.1, 160.2)] == [1, 1, 0, 0]
