from pathlib import Path

from docs import make_picture
from streamer.publish.stamp import Draft, Stamper
from streamer.wire import encode
from tests import talk


def test_the_picture_of_a_recording_is_drawn_without_anything_from_the_network(tmp_path: Path) -> None:
    stamper, recording = Stamper("s"), tmp_path / "talk.jsonl"
    recording.write_bytes(b"".join(encode(stamper.stamp(Draft(event))) + b"\n" for event in talk.talk(ends=True)))
    svg = make_picture.picture(recording, 100, 30, until_s=100.0)
    assert "speaking" in svg
    assert "01:3" in svg, "the moment that was asked for"
    assert "url(http" not in svg
    assert "@font-face" not in svg


def test_the_picture_is_of_the_last_session_of_a_recording(tmp_path: Path) -> None:
    recording = tmp_path / "talk.jsonl"
    for session, name in (("first", "kitchen"), ("second", "hall")):
        stamper = Stamper(session)
        with recording.open("ab") as file:
            states = (talk.state(name, 1.0), talk.state(name, 2.0, "ended"))
            file.writelines(encode(stamper.stamp(Draft(state))) + b"\n" for state in states)
    svg = make_picture.picture(recording, 100, 30, until_s=100.0)
    assert "hall" in svg
    assert "kitchen" not in svg
