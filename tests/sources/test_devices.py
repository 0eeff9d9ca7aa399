"""What `streamer devices` lists."""

from pathlib import Path

import pytest

from streamer.sources.devices import CameraInfo, list_cameras, list_microphones


def test_each_camera_is_listed_once_by_the_node_that_gives_pictures(tmp_path: Path) -> None:
    for node, name, index in (
        ("video10", "Dock Cam", "0"),
        ("video0", "HD Webcam", "0"),
        ("video1", "HD Webcam", "1"),
        ("v4l-subdev0", "x", "0"),
    ):
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(f"{name}\n", encoding="utf-8")
        (tmp_path / node / "index").write_text(f"{index}\n", encoding="utf-8")
    assert list_cameras(tmp_path) == (
        CameraInfo(0, "HD Webcam", "/dev/video0"),
        CameraInfo(10, "Dock Cam", "/dev/video10"),
    )


def test_a_machine_without_cameras_has_none(tmp_path: Path) -> None:
    assert list_cameras(tmp_path / "video4linux") == ()


@pytest.mark.usefixtures("portaudio")
def test_microphones_are_listed_with_at_most_one_default() -> None:
    microphones = list_microphones()
    assert sum(microphone.is_default for microphone in microphones) <= 1
    assert all(microphone.channels > 0 for microphone in microphones)
