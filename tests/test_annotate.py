"""A folder of recordings becomes a table."""

import builtins
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streamer.annotate.folder import made_with
from streamer.annotate.parts import Parts, Version, alone_at, version_of
from streamer.annotate.recordings import MEDIA, recordings_in
from streamer.annotate.rows import COLUMNS, Judged
from streamer.annotate.tables import writer
from streamer.cli import app
from streamer.cli.demo import CLIP
from streamer.errors import ConfigError, EngineError, PublishError, StreamerError
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS
from streamer.pinned_models import known_model
from streamer.settings import Settings
from streamer.wire import encode
from tests import talk

INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from streamer.cli import main; main()"
)
"""Shells have SIGINT ignored in background jobs, and children inherit that."""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with one sentence."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg: sudo apt install ffmpeg")
    path = tmp_path_factory.mktemp("made") / "short.mp4"
    words = ["-v", "error", "-i", str(CLIP), "-t", "2.9", "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    return path


def annotate(folder: Path, out: Path, *more: str) -> Result:
    words = ["annotate", str(folder), "--out", str(out), "--asr", "none", "--workers", "1", *more]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_a_folder_gives_a_row_for_each_utterance_names_bad_files_and_goes_on_where_it_was(
    tmp_path: Path, short: Path
) -> None:
    folder, out = tmp_path / "talks", tmp_path / "events.jsonl"
    (folder / "monday").mkdir(parents=True)
    shutil.copyfile(short, folder / "monday" / "a.mp4")
    (folder / "broken.wav").write_text("no sound")
    (folder / "notes.txt").write_text("not read")
    first = annotate(folder, out)
    assert first.exit_code == 1
    assert "left out: broken.wav" in first.output
    assert "notes.txt" not in first.output
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert row["file"] == "monday/a.mp4"
    assert list(row) == list(COLUMNS)
    assert sum(
        row[name] for name in row if name.startswith("emotion_") and name != "emotion_uncertain"
    ) == pytest.approx(1, abs=0.01)

    (folder / "broken.wav").unlink()
    shutil.copyfile(short, folder / "b.mp4")
    second = annotate(folder, out)
    assert second.exit_code == 0
    assert "2 utterances of 2 recordings (1 done by an earlier run)" in second.output
    assert [json.loads(line)["file"] for line in out.read_text().splitlines()] == ["b.mp4", "monday/a.mp4"]


def test_a_recording_that_is_cut_off_is_in_the_table_and_named_also_by_the_run_that_finds_it_done(
    tmp_path: Path, short: Path
) -> None:
    folder, out = tmp_path / "talks", tmp_path / "events.jsonl"
    folder.mkdir()
    words = ["-v", "error", "-i", str(short), "-c", "copy", "-movflags", "+faststart", str(folder / "cut.mp4")]
    subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    whole = (folder / "cut.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    for _ in range(2):
        result = annotate(folder, out)
        assert result.exit_code == 0
        assert re.search(r"^read in part: cut\.mp4: .*cut off", result.output, re.MULTILINE)
    assert len(out.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "happens",
    [
        "it goes away",
        pytest.param("it is replaced", marks=pytest.mark.slow),
        pytest.param("it grows", marks=pytest.mark.slow),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_left_out_and_left_to_the_next_run(
    tmp_path: Path, short: Path, happens: str
) -> None:
    folder, out = tmp_path / "talks", tmp_path / "events.jsonl"
    folder.mkdir()
    film = folder / "film.mp4"
    words = ["-v", "error", "-stream_loop", "2", "-i", str(short), "-c", "copy", str(film)]
    subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    running = subprocess.Popen(command(folder, out), stderr=subprocess.PIPE, text=True)
    while not any(has_open(child, film) for child in children(running.pid)):
        assert running.poll() is None
        time.sleep(0.01)
    match happens:
        case "it goes away":
            film.unlink()
        case "it is replaced":
            shutil.copyfile(short, tmp_path / "new.mp4")
            (tmp_path / "new.mp4").replace(film)
        case "it grows":
            with film.open("ab") as file:
                file.write(bytes(100))
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "left out: film.mp4: changed while it was read; run it again when it is whole" in err
    assert out.read_text() == ""
    assert list((tmp_path / "events.jsonl.parts").iterdir()) == []  # so the next run reads it


def command(folder: Path, out: Path) -> list[str]:
    words = ["annotate", str(folder), "--out", str(out), "--asr", "none", "--workers", "1"]
    return [sys.executable, "-c", INTERRUPTIBLE, *words]


def test_a_name_that_no_table_can_hold_is_left_out_and_stops_no_other(tmp_path: Path) -> None:
    folder, out = tmp_path / "old", tmp_path / "events.jsonl"
    folder.mkdir()
    (folder / "broken.wav").write_text("no sound")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.wav")).write_text("no sound")
    result = annotate(folder, out)
    assert result.exit_code == 1
    assert "left out: caf\\udce9.wav: its name is not UTF-8; rename it" in result.output
    assert "left out: broken.wav" in result.output
    assert out.read_text() == ""


def test_an_interrupt_ends_it_at_once_and_what_is_done_is_kept(tmp_path: Path, short: Path) -> None:
    folder, out = tmp_path / "talks", tmp_path / "events.jsonl"
    folder.mkdir()
    for number in range(40):
        shutil.copyfile(short, folder / f"{number:02}.mp4")
    running = subprocess.Popen(command(folder, out), stderr=subprocess.PIPE, text=True)
    parts = out.with_name(out.name + ".parts")
    while not (parts.is_dir() and list(parts.glob("*.jsonl"))):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=10)
    assert running.returncode == 130
    assert err == "interrupted; what is done is kept: the same command goes on from there\n"
    done = len(list(parts.glob("*.jsonl")))
    assert 1 <= done < 20
    assert not out.exists()


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        signal.SIGTERM,
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_its_processes_too_in_the_middle_of_a_film_and_nothing_is_left_of_them(
    tmp_path: Path, short: Path, sign: signal.Signals
) -> None:
    folder = tmp_path / "talks"
    folder.mkdir()
    film = folder / "long.mp4"
    words = ["-v", "error", "-stream_loop", "600", "-i", str(short), "-c", "copy", str(film)]
    subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    (tmp_path / "tmp").mkdir()
    env = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    running = subprocess.Popen(command(folder, tmp_path / "out.jsonl"), stderr=subprocess.PIPE, text=True, env=env)
    while not any(has_open(child, film) for child in children(running.pid)):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(sign)
    _, err = running.communicate(timeout=10)  # its processes have this pipe too: it ends with the last of them
    assert running.returncode == (-sign if sign == signal.SIGKILL else 130)  # in order, if it could be
    assert "Traceback" not in err
    assert list((tmp_path / "tmp").glob("*streamer*")) == []


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_open(pid: int, path: Path) -> bool:
    try:
        return str(path) in {str(opened.readlink()) for opened in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:  # one of them was closed meanwhile
        return False


def test_where_the_table_cannot_be_written_is_told_before_any_recording_is_taken(tmp_path: Path, short: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").write_text("")
    for out, told in (
        (tmp_path / "folder.jsonl", r"is a folder; name a file that ends with \.jsonl or with \.parquet"),
        (
            tmp_path / "file" / "out.jsonl",
            r"cannot be written \(Not a directory\); name a file in a folder where it can",
        ),
        (Path("/proc/out.jsonl"), r"cannot be written \(.*\); name a file in a folder where it can"),
    ):
        with pytest.raises(ConfigError, match=rf"^--out {out}: {told}$"):
            annotate(short.parent, out)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that has no room")
def test_a_disk_that_is_full_at_the_end_is_one_line_and_leaves_no_draft(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.draft").symlink_to("/dev/full")
    with pytest.raises(
        PublishError, match=r"out\.jsonl: cannot be written \(No space left on device\); what is done is kept"
    ):
        writer(out)(out, [{"file": "a"}])
    assert list(tmp_path.iterdir()) == []


def test_networks_that_cannot_be_loaded_are_told_once_and_not_for_each_file(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMER_INFERENCE__REQUIRE_GPU", "1")
    monkeypatch.setenv("STREAMER_INFERENCE__PROVIDER", "cpu")
    with pytest.raises(StreamerError, match="GPU"):
        annotate(short.parent, tmp_path / "out.jsonl")
    assert "Traceback" not in capfd.readouterr().err


def test_a_process_that_dies_before_it_can_begin_is_told_once(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # such a Python does not start
    with pytest.raises(StreamerError, match=r"^annotate: a worker's process ended with code 1 before it could begin"):
        annotate(short.parent, tmp_path / "out.jsonl")


def test_a_speech_model_that_cannot_be_had_is_told_once(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("STREAMER_OFFLINE", "true")
    words = ["annotate", str(short.parent), "--out", str(tmp_path / "out.jsonl"), "--asr", "faster-whisper"]
    with pytest.raises(EngineError, match="offline forbids to fetch it"):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path, short: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"is a file; name the folder in which it lies, or take `streamer run --source`"
    ):
        CliRunner().invoke(app, ["annotate", str(short), "--out", str(tmp_path / "out.jsonl")], catch_exceptions=False)


def test_the_name_of_the_temporary_folder_may_be_long(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    assert "1 utterance of 1 recording" in annotate(short.parent, tmp_path / "out.jsonl").output


def test_of_calls_each_side_can_be_heard_by_itself(tmp_path: Path, short: Path) -> None:
    folder, out = tmp_path / "calls", tmp_path / "events.jsonl"
    folder.mkdir()
    sides = "[0:a]asplit[a][b];[a]apad=pad_dur=3[d];[b]adelay=3000[c];[d][c]join=inputs=2:channel_layout=stereo"
    words = ["-v", "error", "-i", str(short), "-filter_complex", sides, str(folder / "call.wav")]
    subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    shutil.copyfile(short, folder / "film.mp4")

    def rows(*more: str) -> list[dict[str, Any]]:
        assert annotate(folder, out, *more).exit_code == 0
        return [json.loads(line) for line in out.read_text().splitlines()]

    first, second, film = rows("--split-channels")
    assert [(row["file"], row["channel"]) for row in (first, second, film)] == [
        ("call.wav", 1),
        ("call.wav", 2),
        ("film.mp4", 1),
    ]
    assert second["start_s"] == pytest.approx(first["start_s"] + 3.0, abs=0.1)
    assert first["id"] != second["id"]
    together = rows()
    assert [(row["file"], row["channel"]) for row in together] == [("call.wav", None)] * 2 + [("film.mp4", None)]


def test_a_model_that_is_pulled_later_changes_what_rows_are_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = made_with(Settings(), "networks")
    folder = tmp_path / "affect-streamer" / "models" / "base"
    folder.mkdir(parents=True)
    for file in known_model("base").files:
        with (folder / file.name).open("wb") as sparse:
            sparse.truncate(file.size_bytes)
    assert made_with(Settings(), "networks") != before


def test_rows_without_a_column_that_was_added_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = made_with(Settings(), "networks")
    monkeypatch.setitem(COLUMNS, "gaze_yaw_deg", float)
    assert made_with(Settings(), "networks") != before


@pytest.mark.parametrize(
    ("changed", "networks"),
    [
        ({}, "9c1e {'text': 'CUDAExecutionProvider'}"),
        ({"inference": {"tensorrt_fp16": True}}, "9c1e {'text': 'CPUExecutionProvider'}"),
        ({"asr": {"engine": "faster-whisper", "model": "base"}}, "9c1e {'text': 'CPUExecutionProvider'}"),
    ],
)
def test_rows_of_other_processors_precisions_and_recognisers_are_others(changed: dict[str, Any], networks: str) -> None:
    before = made_with(Settings(), "9c1e {'text': 'CPUExecutionProvider'}")
    assert made_with(Settings.model_validate(changed), networks) != before


@pytest.mark.parametrize("engine", ["auto", "faster-whisper"])
def test_a_recogniser_that_does_not_work_leaves_files_out_and_not_their_words(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "affect-streamer" / "models" / "tiny.en"
    folder.mkdir(parents=True)
    for file in known_model("tiny.en").files:
        with (folder / file.name).open("wb") as damaged:
            damaged.truncate(file.size_bytes)
    words = ["annotate", str(short.parent), "--out", str(tmp_path / "out.jsonl"), "--asr", engine, "--workers", "1"]
    monkeypatch.setenv("STREAMER_ASR__MODEL", "tiny.en")
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 1
    assert re.search(r"left out: short\.mp4: .*tiny\.en", done.output)
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_two_do_not_write_one_table_at_the_same_time(tmp_path: Path, short: Path) -> None:
    out = tmp_path / "out.jsonl"
    with alone_at(out), pytest.raises(ConfigError, match="another `streamer annotate` is writing this table"):
        annotate(short.parent, out)
    assert annotate(short.parent, out).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"out.jsonl", "out.jsonl.parts"}


def test_a_part_is_taken_only_for_the_file_and_the_settings_that_it_was_made_from(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_text("one")
    parts = made(tmp_path / "out.jsonl", "bundle 1")
    judged = Judged([{"file": "a.wav"}], "is cut off")
    parts.write(as_it_is(recording), "a.wav", judged)
    assert parts.read(recording, "a.wav") == judged
    assert parts.read(recording, "b.wav") is None
    assert Parts(tmp_path / "out.jsonl", made_with="bundle 2").read(recording, "a.wav") is None
    recording.write_text("changed")
    assert parts.read(recording, "a.wav") is None
    recording.unlink()
    assert parts.read(recording, "a.wav") is None


def made(out: Path, made_with: str = "b") -> Parts:
    """The parts of a table, in their folder."""
    with alone_at(out):
        return Parts(out, made_with=made_with)


def as_it_is(recording: Path) -> Version:
    version = version_of(recording)
    assert version is not None
    return version


def test_a_part_that_was_cut_off_anywhere_is_done_again(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_text("one")
    parts = made(tmp_path / "out.jsonl")
    judged = Judged([{"file": "a.wav", "text": "one"}, {"file": "a.wav", "text": "two"}])
    parts.write(as_it_is(recording), "a.wav", judged)
    (part,) = (tmp_path / "out.jsonl.parts").iterdir()
    whole = part.read_text()
    for length in range(len(whole) - 1):  # the last character is only the end of the last line
        part.write_text(whole[:length])
        assert parts.read(recording, "a.wav") is None, whole[:length]
    part.write_text(whole)
    assert parts.read(recording, "a.wav") == judged


def test_words_and_names_may_hold_what_some_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    name = "a\u2028b\x85c.wav"
    (tmp_path / name).write_text("one")
    parts = made(tmp_path / "out.jsonl")
    judged = Judged([{"file": name, "text": "d\u2029e\x0cf\ng"}], "its folder is \udce9")
    parts.write(as_it_is(tmp_path / name), name, judged)
    assert parts.read(tmp_path / name, name) == judged


def test_parquet_has_the_columns_and_types_even_where_nothing_was_said(tmp_path: Path) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "events.parquet"
    row = {name: kind() for name, kind in COLUMNS.items()} | {"text": None, "track_id": None}
    writer(out)(out, [row])
    table = parquet.read_table(out)
    assert table.column_names == list(COLUMNS)
    assert table.to_pylist()[0]["text"] is None
    writer(out)(out, [])
    assert parquet.read_table(out).column_names == list(COLUMNS)


def test_parquet_without_pyarrow_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return importing(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match=r"pip install '\.\[parquet\]' in the checkout"):
        writer(tmp_path / "events.parquet")


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "JSONL"])
def test_a_table_takes_the_place_of_an_older_table_and_of_nothing_else(tmp_path: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"events.{ending}"
    for rows in ([], [{name: kind() for name, kind in COLUMNS.items()}], []):
        writer(out)(out, rows)
    recording = b'{"schema":"1","type":"utterance"}\n'
    for foreign in (recording, b"5\n", b"\xff\n", b"PAR1"):
        out.write_bytes(foreign)
        with pytest.raises(ConfigError, match=r"is there already, and is no table .*: give another name$"):
            writer(out)
        assert out.read_bytes() == foreign
    made(out)
    writer(out)(out, [])


def test_a_recording_of_streamer_run_is_never_taken_for_a_table(tmp_path: Path, short: Path) -> None:
    recording = tmp_path / "events.jsonl"
    recording.write_bytes(encode(talk.utterance("cam", 0, 0.0, 1.0)) + b"\n")
    before = recording.read_bytes()
    with pytest.raises(ConfigError, match=r"^--out .*events\.jsonl: is there already"):
        annotate(short.parent, recording)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_an_ending_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.parquet"):
        writer(tmp_path / "events.csv")


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recording"):
        annotate(tmp_path, tmp_path / "out.jsonl")


def test_folders_behind_links_are_read_and_each_of_them_once(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for path in (here / "talks" / "a.wav", elsewhere / "b.WAV", here / "notes.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (here / "linked").symlink_to(elsewhere)
    (here / "twice").symlink_to(elsewhere)
    (here / "talks" / "round").symlink_to(here)
    (here / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    found = recordings_in(here)
    assert list(found.files) == ["linked/b.WAV", "talks/a.wav"]
    assert found.left_out == {"gone.wav": "is no file, or a link to none"}


def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(20):  # its path becomes too long for the system, which even root is told
            Path("x" * 250).mkdir()
            os.chdir("x" * 250)
    finally:
        os.chdir(before)
    found = recordings_in(tmp_path)
    assert list(found.files) == ["a.wav"]
    (reason,) = found.left_out.values()
    assert reason == "cannot be read (File name too long)"


def test_a_link_that_leads_where_nobody_can_look_is_named_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("")
    (tmp_path / "b.wav").symlink_to("x" * 300)  # as a folder that is closed, and root is told too
    found = recordings_in(tmp_path)
    assert list(found.files) == ["a.wav"]
    assert found.left_out == {"b.wav": "cannot be read (File name too long)"}


def test_the_document_has_every_column_with_its_type_in_their_order() -> None:
    words = {"emotion": EMOTIONS, "sentiment": SENTIMENTS, "modality": MODALITIES}
    kinds = {"string": str, "number": float, "integer": int, "boolean": bool}
    document = (Path(__file__).parents[1] / "docs" / "annotate.md").read_text(encoding="utf-8")
    told: dict[str, type] = {}
    for name, kind in re.findall(r"^\| `(.+?)` \| (\w+) \|", document, re.MULTILINE):
        family = re.search("<(.+)>", name)
        for word in words[family[1]] if family else ("",):
            told[re.sub("<.+>", word, name)] = kinds[kind]
    assert list(told.items()) == list(COLUMNS.items())
    for name, of_these in words.items():
        assert f"- **{name}**: {', '.join(f'`{word}`' for word in of_these)}\n" in document
    assert len(MEDIA) == 2 + 24, "the document says `.mp4`, `.wav` and twenty-four others"
