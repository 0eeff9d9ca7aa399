"""What bad input gets: one line that names it, or a stated degradation; never a traceback, a hang, or a lost event."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from streamer import bundle
from tests import quicktime
from tests.system.conftest import CLIP, Ffmpeg, Ran

Run = Callable[..., Ran]


def refused(ran: Ran) -> str:
    """The one line of a run that was refused."""
    assert ran.code == 2, ran.err
    assert ran.events == []
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    return lines[0]


def test_a_missing_file_is_named(run: Run) -> None:
    assert "nowhere.mp4" in refused(run("--source", "nowhere.mp4"))


def test_a_file_that_is_no_media_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("This is not a film. " * 100)
    assert "notes.mp4" in refused(run("--source", path))


def test_files_whose_names_are_no_text_are_heard_and_read_under_names_that_can_be_written(
    run: Run, made: Ffmpeg, tmp_path: Path
) -> None:
    film, words = (tmp_path / os.fsdecode(name) for name in (b"caf\xe9.mp4", b"caf\xe9.srt"))
    try:
        shutil.copy(made("short.mp4", "-t", "3", "-i", CLIP, "-c", "copy"), film)
    except OSError as err:
        pytest.skip(f"file names are text here: {err}")
    words.write_text("1\n00:00:00,900 --> 00:00:02,400\nI am so happy!\n\n")
    ran = run("--source", film, "--pace", "fast", "--subtitles", words)
    assert ran.code == 0
    assert "Traceback" not in ran.err
    (said,) = ran.of("utterance")
    assert said["transcript"]["engine"] == r"subtitles/caf\udce9.srt"
    assert ran.events[-1]["activity"] == "ended"
    assert ran.events[-1]["inputs"]["audio"].startswith(r"caf\udce9.mp4, aac")


def test_nothing_to_listen_to_is_an_error_that_names_the_flags(run: Run) -> None:
    line = refused(run())
    assert "--camera" in line
    assert "--source" in line


def test_a_camera_that_is_not_there_lists_what_exists(run: Run) -> None:
    line = refused(run("--camera", "7", "--no-mic"))
    assert "camera" in line
    assert "7" in line


def test_a_changed_byte_in_the_bundle_is_refused_by_file(run: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(bundle.shipped(), tmp_path / "bundle")
    content = bytearray((folder / "fusion.onnx").read_bytes())
    content[100] ^= 1
    (folder / "fusion.onnx").write_bytes(content)
    assert "fusion.onnx is not the file that was exported" in refused(run("--source", CLIP, "--bundle", folder))


def test_an_unknown_key_is_named_with_its_nearest_neighbour(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "bad.toml"
    config.write_text("[segment]\nonsett = 0.4\n")
    line = refused(run("--source", CLIP, "--config", config))
    assert "segment.onsett" in line
    assert "onset" in line


def test_a_busy_port_is_named_with_the_mend(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        line = refused(run("--source", CLIP, "--bind", f"tcp://127.0.0.1:{port}"))
    assert str(port) in line
    assert "--bind" in line


def test_a_start_that_is_refused_leaves_no_recording_behind(run: Run, tmp_path: Path) -> None:
    assert "missing.srt" in refused(run("--source", CLIP, "--subtitles", "missing.srt"))
    assert list(tmp_path.iterdir()) == []


def test_an_open_address_needs_keys(run: Run) -> None:
    assert "streamer keys" in refused(run("--source", CLIP, "--bind", "tcp://0.0.0.0:5599"))


def test_a_gpu_that_is_required_and_absent_is_an_error(run: Run) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime-gpu is installed here")
    assert "--require-gpu" in refused(run("--source", CLIP, "--require-gpu"))


def test_a_truncated_film_gives_what_was_there(run: Run, made: Ffmpeg, tmp_path: Path) -> None:
    whole = made("fragmented.mp4", "-i", CLIP, "-c", "copy", "-movflags", "frag_keyframe+empty_moov")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    ran = run("--source", cut, "--pace", "fast")
    assert ran.of("utterance")
    assert ran.events[-1]["activity"] in {"ended", "failed"}
    assert "Traceback" not in ran.err


def test_a_damaged_and_cut_off_film_says_so_in_its_last_state_and_in_the_summary_and_gives_the_same_events_twice(
    run: Run, made: Ffmpeg, tmp_path: Path
) -> None:
    whole = made("faststart.mp4", "-t", "8", "-i", CLIP, "-c", "copy", "-movflags", "+faststart")
    content = bytearray(whole.read_bytes()[: whole.stat().st_size * 8 // 10])
    begin = len(content) // 5
    content[begin : begin + 20_000] = b"\xff" * 20_000  # more than five good seconds before the end
    (tmp_path / "bad.mp4").write_bytes(content)
    first, second = (run("--source", "bad.mp4", "--pace", "fast", "--asr", "none") for _ in range(2))
    errors = [state["error"] for state in first.of("state")]
    assert set(errors[:-1]) == {None}
    assert (
        "damaged pieces of its sound left out; bad.mp4: is cut off after 6." in errors[-1]
    )  # the sound was good again for long
    assert first.err.strip().endswith(f"utterances; {errors[-1]}")
    kept = [{key: e[key] for key in e if key not in {"session", "time", "latency_ms"}} for e in first.events]
    assert kept == [{key: e[key] for key in e if key not in {"session", "time", "latency_ms"}} for e in second.events]


def test_a_film_whose_index_was_never_written_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "unfinished.mp4"
    moov_last = CLIP.read_bytes()
    cut.write_bytes(moov_last[: len(moov_last) // 50])
    ran = run("--source", cut, "--pace", "fast")
    assert ran.code != 0
    assert "unfinished.mp4" in ran.err
    assert "Traceback" not in ran.err


def test_sound_of_no_length_and_no_pictures_ends_in_order(run: Run, made: Ffmpeg) -> None:
    empty = made("empty.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "0")
    ran = run("--source", empty, "--pace", "fast")
    assert ran.of("utterance") == []
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("narrow.wav", ("-vn", "-ar", "8000", "-ac", "1")),
        ("surround.m4a", ("-vn", "-ar", "48000", "-ac", "6")),
        ("phone.mp4", ("-vf", "transpose=1", "-c:a", "copy")),
        ("uneven.mkv", ("-vf", "select='not(mod(n,3))+lt(mod(n,50),20)'", "-fps_mode", "vfr", "-c:a", "copy")),
    ],
)
def test_8_khz_surround_turned_and_uneven_films_are_heard_like_the_original(
    run: Run, made: Ffmpeg, name: str, words: tuple[str, ...]
) -> None:
    film = made(name, "-t", "5.6", "-i", CLIP, *words)
    if name == "phone.mp4":  # turned pixels and the note that says so, as a phone writes them
        quicktime.note(film, quicktime.TURNED[270])
    ran = run("--source", film, "--pace", "fast")
    assert ran.code == 0
    assert len(ran.of("utterance")) == 2
    if name.endswith(("mp4", "mkv")):
        assert all(said["speaker"] is not None for said in ran.of("utterance"))
