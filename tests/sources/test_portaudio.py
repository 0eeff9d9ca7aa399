"""One PortAudio for all microphones: what happens when several of them are lost at once, and when it does not start again."""

import subprocess
import sys
import threading
from itertools import repeat
from pathlib import Path

import pytest

from streamer.errors import DeviceError
from streamer.settings import SourceSettings
from streamer.sources import portaudio
from streamer.sources.devices import list_microphones
from streamer.sources.live import open_live
from streamer.sources.microphone import Microphone
from streamer.sources.trouble import Troubles
from tests.sources.playing import collect
from tests.sources.scripted_camera import ScriptedCamera
from tests.sources.scripted_portaudio import ScriptedPortAudio

TWO_AT_ONCE = """
import threading
from streamer.sources import portaudio
from streamer.sources.devices import list_microphones

portaudio.load()
done = threading.Event()

def look():
    for _ in range(10):
        portaudio.look_again()
    done.set()

threading.Thread(target=look, daemon=True).start()
while not done.is_set():
    list_microphones()
"""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedPortAudio:
    library = ScriptedPortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return library


@pytest.mark.usefixtures("portaudio")
def test_one_thread_may_look_for_devices_anew_while_another_lists_them() -> None:
    here = Path(__file__).parents[2]
    ended = subprocess.run(  # a process of its own: the library could take this one down with it
        [sys.executable, "-c", TWO_AT_ONCE], cwd=here, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_lost_microphone_comes_back_though_portaudio_did_not_start_at_the_first_attempts(
    scripted: ScriptedPortAudio,
) -> None:
    told: list[str | None] = []
    microphone = Microphone("Desk", Troubles(told.append), None)
    microphone._delays_s = repeat(0.0)
    scripted.failing_starts = 2
    microphone._get_back(threading.Event())
    microphone.close()
    assert told == ["microphone Desk: gives no sound, is it unplugged? it is opened again when it is back"]
    assert scripted.failing_starts == 0
    assert [stream.started for stream in scripted.streams] == [False, True]


def test_a_microphone_that_went_away_after_it_was_opened_is_waited_for_and_the_camera_beside_it_goes_on(
    scripted: ScriptedPortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.sources.microphone.retry_delays_s", lambda: repeat(0.01))
    told: list[str | None] = []
    camera = ScriptedCamera(["frames"])
    source = open_live(SourceSettings(camera=0, mic="Desk"), told.append, camera.open)
    scripted.failing_streams = 2
    played = collect(source, lambda played: scripted.streams[-1].started and len(played.order) >= 10)
    assert [stream.started for stream in scripted.streams] == [False, False, True]
    assert told == ["microphone Desk: gives no sound, is it unplugged? it is opened again when it is back"]
    assert len(played.frames) >= 10


def test_the_default_microphone_is_told_by_the_name_of_the_one_that_took_its_place(scripted: ScriptedPortAudio) -> None:
    source = open_live(SourceSettings(mic="default"), lambda _: None)
    assert source.audio_name == "default: Desk"
    scripted.device["name"] = "Headset"
    microphone = source._microphone
    assert microphone is not None
    microphone._delays_s = repeat(0.0)
    microphone._get_back(threading.Event())
    assert source.audio_name == "default: Headset"
    source.close()


def test_what_portaudio_refuses_is_an_error_of_the_device(scripted: ScriptedPortAudio) -> None:
    scripted.failing_starts = 1
    with pytest.raises(DeviceError, match=r"PortAudio does not start \(no sound system\)"):
        portaudio.look_again()
    with pytest.raises(DeviceError, match=r"PortAudio cannot list the microphones \(not initialized\)"):
        list_microphones()
    portaudio.look_again()
    assert [microphone.name for microphone in list_microphones()] == ["Desk"]
