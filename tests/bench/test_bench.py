"""The parts against the real daemon."""

import json
import os
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from streamer.bench import PARTS, Extent, Recording, measure
from streamer.bench.histogram import histogram_svg
from streamer.bench.machine import describe_machine
from streamer.bench.processes import cpu_s_by_thread, family, memory_mb
from streamer.bench.report import Report, Step, Throughput
from streamer.bench.running import PlayedSource, RunningDaemon
from streamer.bench.tables import markdown, tables
from streamer.cli import app
from streamer.cli.demo import CLIP
from streamer.errors import ConfigError, SourceError, StageError


def test_what_a_thread_costs_is_seen_under_its_name_and_children_are_found() -> None:
    from streamer.stage import show_to_the_system

    ready, done = threading.Event(), threading.Event()

    def work() -> None:
        show_to_the_system("busy")
        begin = time.thread_time()
        while time.thread_time() - begin < 0.05:
            pass
        ready.set()
        done.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert ready.wait(10)
        assert cpu_s_by_thread(os.getpid())["busy"] >= 0.04
        assert child.pid in family(os.getpid())
        child.communicate(b"\n")
    done.set()
    thread.join()
    assert memory_mb(os.getpid(), with_children=False) > 10


def test_a_bench_of_latency_writes_figures_and_a_picture(tmp_path: Path) -> None:
    short, truth = tmp_path / "short.mp4", tmp_path / "short.rttm"
    _cut(CLIP, short, 3.5)
    truth.write_text(CLIP.with_suffix(".rttm").read_text().splitlines()[0] + "\n")
    words = ["bench", "latency", "--source", str(short), "--asr", "none", "--out", str(tmp_path / "b.json")]
    done = CliRunner().invoke(app, [*words, "--picture", str(tmp_path / "b.svg")], catch_exceptions=False)
    assert done.exit_code == 0
    figures = json.loads((tmp_path / "b.json").read_text())
    latency = figures["latency"]
    assert 0 < latency["endpoint_to_received_ms"]["p50"] <= latency["endpoint_to_received_ms"]["p95"]
    assert 300 < latency["speech_end_to_received_ms"]["p50"] < 5000
    assert latency["dropped"] == {"audio": 0, "video": 0}
    assert figures["machine"]["cores"] >= 1
    assert (tmp_path / "b.svg").read_text().startswith("<svg")


def _cut(whole: Path, part: Path, seconds: float) -> None:
    words = ["-v", "error", "-i", str(whole), "-t", str(seconds), "-c", "copy", str(part)]
    try:
        subprocess.run(["ffmpeg", *words], check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs ffmpeg: sudo apt install ffmpeg")


def test_an_unknown_part_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["bench", "latencies"])
    assert done.exit_code == 2
    assert "throughput" in done.output


@pytest.mark.parametrize("flag", ["--out", "--picture"])
@pytest.mark.parametrize("place", ["/proc/x.json", "."])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(flag: str, place: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{flag} {place}: cannot be written \(.*\); name a file in a folder where"):
        CliRunner().invoke(app, ["bench", "startup", flag, place], catch_exceptions=False)


def test_to_try_a_place_leaves_nothing_there_and_what_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    for name in ("new.json", "old.json"):
        words = ["bench", "startup", "--out", str(tmp_path / name), "--picture", "/proc/x.svg"]
        with pytest.raises(ConfigError, match=r"^--picture /proc/x\.svg: cannot be written"):
            CliRunner().invoke(app, words, catch_exceptions=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old.json": "old"}


def test_a_recording_without_pictures_is_refused_before_anything_is_measured_where_they_are_needed(
    tmp_path: Path,
) -> None:
    sound, told = tmp_path / "talk.wav", list[str]()
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    with pytest.raises(
        SourceError, match=r"/talk\.wav: throughput needs a recording with sound and pictures; give .*$"
    ):
        measure(PARTS, Extent([Recording(sound, CLIP.with_suffix(".rttm"))]), told.append)
    assert not told


def test_an_engine_that_is_not_known_is_refused_as_the_daemon_refuses_it() -> None:
    with pytest.raises(ConfigError, match=r"^asr\.engine: .*'foo' \(flag --asr\)$"):
        CliRunner().invoke(app, ["bench", "startup", "--asr", "foo"], catch_exceptions=False)


def test_a_daemon_that_cannot_begin_says_why_and_nothing_of_how_that_is_programmed(tmp_path: Path) -> None:
    with (
        RunningDaemon([PlayedSource("bench", tmp_path / "nowhere.mp4")], asr="none") as daemon,
        pytest.raises(StageError, match=r"^daemon: ended with code 2: /.*/nowhere\.mp4: no such file"),
    ):
        list(daemon.events())


def test_a_recording_may_have_any_name(tmp_path: Path) -> None:
    clip = tmp_path / """o'brien "says" \\ grüezi.mp4"""
    with (
        RunningDaemon([PlayedSource("bench", clip)], asr="none") as daemon,
        pytest.raises(StageError) as refused,
    ):
        list(daemon.events())
    assert str(refused.value).startswith(f"daemon: ended with code 2: {clip}: no such file")


def test_the_onnxruntime_that_is_named_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.__version__", "1.99.0")  # of onnxruntime-gpu, which lies over onnxruntime's files
    assert describe_machine().onnxruntime == "1.99.0"


def test_a_report_survives_its_file_and_its_tables_name_the_promises(tmp_path: Path) -> None:
    step = Step(
        sources=4,
        utterances=9,
        speech_end_to_received_p95_ms=451.0,
        audio_dropped=0,
        video_dropped=0,
        late_s=0.1,
        cpu_percent=12.0,
        memory_mb=300.0,
        kept=True,
    )
    throughput = Throughput(
        limit_ms=550,
        window_s=10,
        av_sources=4,
        av_sources_with_asr=2,
        audio_sources=16,
        steps={"av": [step]},
        stages_cpu_percent={"faces": 5.0},
    )
    overdue = structs.replace(step, due=20, late_s=None, kept=False)
    throughput.steps["av"].append(overdue)
    report = Report(machine=describe_machine(), throughput=throughput)
    report.write(tmp_path / "r.json")
    assert Report.read(tmp_path / "r.json") == report
    text = "\n".join(markdown(table) for table in tables(report))
    assert "| A/V, without ASR | 4 | ≥ 8 |" in text
    assert "| 4 | yes | 9 | 451 | 0.10 | 0 | 12.0 | 300 |" in text
    assert "| 4 | no | 9 of 20 | 451 | – | 0 | 12.0 | 300 |" in text


def test_an_archive_is_measured_with_the_engine_that_was_asked_for_and_no_other_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAMER_SEGMENT__ONSET", "nine")  # which `streamer annotate` refuses
    extent = Extent([Recording(CLIP, CLIP.with_suffix(".rttm"))], asr="none", files=1)
    report = measure(["archive"], extent, lambda _: None)
    assert report.archive is not None
    assert report.archive.asr is None
    assert "Archive: `streamer annotate`, no ASR" in [table.title for table in tables(report)]


@pytest.mark.slow
def test_every_part_of_a_small_bench_gives_the_promised_keys(tmp_path: Path) -> None:
    from streamer.bench.throughput import Series

    series = (
        Series("av", with_video=True, with_asr=False, counts=(1,)),
        Series("av_with_asr", with_video=True, with_asr=True, counts=(1,)),
    )
    clip = Recording(CLIP, CLIP.with_suffix(".rttm"))
    report = measure(PARTS, Extent([clip], window_s=6, series=series, files=1), lambda _: None)
    report.write(tmp_path / "all.json")
    figures = json.loads((tmp_path / "all.json").read_text())
    assert figures["throughput"]["av_sources"] in {0, 1}
    assert figures["throughput"]["av_sources_with_asr"] in {0, 1}
    assert figures["archive"]["times_real_time"] > 0
    assert figures["startup"]["first_block_s"] > 0
    assert "Archive: `streamer annotate`, pocketsphinx/en-us" in [table.title for table in tables(report)]
    assert report.latency is not None
    assert report.latency.heard == 7
    assert "promise 550 ms" in histogram_svg(report.latency, 550)
