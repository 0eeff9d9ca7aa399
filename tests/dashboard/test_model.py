import msgspec

from streamer.dashboard.model import Model
from streamer.publish.stamp import Draft, Stamper
from tests import talk


def test_a_partial_is_replaced_by_its_utterance_and_kept_while_a_new_one_goes_on() -> None:
    model = Model("here")
    model.fold(talk.partial("cam", 0, 1.0, 2.0), 0.0)
    source = model.sources["cam"]
    assert source.current is source.partial is not None
    said = talk.utterance("cam", 0, 1.0, 3.0)
    model.fold(said, 0.0)
    assert source.partial is None
    assert source.current is said
    ahead = talk.partial("cam", 1, 3.5, 4.0)
    model.fold(ahead, 0.0)
    model.fold(talk.utterance("cam", 0, 1.0, 3.0), 0.0)  # recognised late, while speech already goes on
    assert source.current is ahead


def test_a_new_session_begins_an_empty_picture() -> None:
    model = Model("here")
    for session, name in [("first", "cam"), ("second", "door")]:
        model.fold(msgspec.structs.replace(talk.state(name, 1.0), session=session), 0.0)
    assert list(model.sources) == ["door"]


def test_gaps_are_counted_as_losses() -> None:
    model, stamper = Model("here"), Stamper("s")
    events = [stamper.stamp(Draft(talk.state("cam", second))) for second in range(6)]
    for event in (events[1], events[2], events[5], events[5]):
        model.fold(event, 0.0)
    assert model.lost == 2


def test_sources_are_known_from_the_heartbeat_on_and_keep_its_order() -> None:
    model = Model("here")
    model.fold(talk.heartbeat("front", "back"), 0.0)
    model.fold(talk.state("back", 1.0), 0.0)
    assert list(model.sources) == ["front", "back"]


def test_an_ended_source_says_nothing_more() -> None:
    model = Model("here")
    model.fold(talk.partial("cam", 0, 1.0, 2.0), 0.0)
    model.fold(talk.state("cam", 2.0, "failed", error="capture: the camera has gone"), 0.0)
    assert model.sources["cam"].current is None
