"""When a state is due, and what it says while nothing comes."""

from streamer.analysis import Status
from streamer.inference import Model
from streamer.messages import Heard
from streamer.wire import State
from tests.analysis.conftest import status


def told(standing: Status, stream_s: float) -> State:
    event = standing.announce(standing.activity, stream_s, None).event
    assert isinstance(event, State)
    return event


def test_the_next_state_is_due_a_quarter_of_a_second_after_the_last_wherever_the_stream_begins(model: Model) -> None:
    standing = status(model)
    told(standing, 1000.0)
    assert [standing.due(at) for at in (1000.0, 1000.2, 1000.25)] == [False, False, True]


def test_a_lost_microphone_has_no_level_and_is_named_until_it_gives_sound_again(model: Model) -> None:
    standing = status(model)
    standing.heard(Heard(1.0, 0.9, -20.0))
    standing.lost = True
    lost = told(standing, 1.0)
    assert (lost.speech_prob, lost.level_dbfs, lost.error) == (None, None, "microphone: gives no sound")
    standing.trouble = "microphone: unplugged"
    assert told(standing, 1.0).error == "microphone: unplugged"  # who knows more is believed
    standing.trouble = None
    standing.goes_on()
    back = told(standing, 1.1)
    assert (back.speech_prob, back.level_dbfs, back.error) == (0.9, -20.0, None)
