"""Live streams over real sockets on loopback, and their loss."""

import re
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from streamer.channel import Channel, WhenFull
from streamer.errors import SourceError
from streamer.messages import CHUNK_SAMPLES
from streamer.settings import SourceSettings
from streamer.sources import open_source
from tests.sources.conftest import Ffmpeg, Play
from tests.sources.playing import Played, collect
from tests.sources.senders import folder_server, http_camera, mjpeg_camera, rtsp_server, sending, tcp_camera


def heard_and_seen(played: Played, seconds: float) -> bool:
    last = played.order[-1]
    return last.time_s >= seconds


def assert_is_the_test_film(played: Played) -> None:
    """The tone and the picture of `sending`, in real time."""
    assert played.source.live is True
    waveform = played.waveform[8000:]
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    assert float(np.argmax(spectrum)) * 16_000 / len(waveform) == pytest.approx(440, abs=2)
    assert all(len(chunk.waveform) == CHUNK_SAMPLES for chunk in played.chunks[:-1])
    times_s = [frame.time_s for frame in played.frames]
    assert times_s == sorted(times_s)
    assert float(np.median(np.diff(times_s))) == pytest.approx(0.04, abs=0.005)
    assert played.frames[-1].rgb().shape == (120, 160, 3)
    assert played.frames[-1].time_s == pytest.approx(played.end_s, abs=0.7)


def test_mpeg_ts_over_udp_brings_sound_and_pictures(free_port: int, play: Play) -> None:
    url = f"udp://127.0.0.1:{free_port}?pkt_size=1316"
    codecs = ["-c:v", "libx264", "-tune", "zerolatency", "-g", "12", "-c:a", "aac", "-f", "mpegts", url]
    with sending(*codecs):
        assert_is_the_test_film(play(url, until=lambda played: heard_and_seen(played, 2.0)))


def test_rtsp_brings_sound_and_pictures(play: Play) -> None:
    with rtsp_server() as server:
        assert_is_the_test_film(play(server.url, until=lambda played: heard_and_seen(played, 2.0)))


def test_mjpeg_over_http_brings_pictures_at_the_time_of_their_arrival_and_keeps_the_password(play: Play) -> None:
    with mjpeg_camera(pictures_per_call=1000) as camera:
        began_s = time.monotonic()
        played = play(f"{camera.url}?pwd=hunter2", until=lambda played: heard_and_seen(played, 1.0))
        took_s = time.monotonic() - began_s
    assert played.source.audio_name is None
    assert played.source.video_name is not None
    assert "secret" not in played.source.video_name
    assert "hunter2" not in played.source.video_name
    assert played.frames[-1].time_s <= took_s
    assert played.ticks == []


def test_raw_h264_over_tcp_is_seen_when_it_arrives_whatever_rate_ffmpeg_invents(play: Play) -> None:
    lies = "h264_metadata=tick_rate=50"  # 25 pictures a second, of which ten come
    codecs = ["-map", "0:v", "-r", "10", "-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-bsf:v", lies]
    with tcp_camera(*codecs, "-f", "h264") as url:
        played = play(url, until=lambda played: heard_and_seen(played, 3.0))
    assert played.source.live is True
    steps_s = np.diff([frame.time_s for frame in played.frames[-15:]])
    assert float(np.median(steps_s)) == pytest.approx(0.1, abs=0.02)


def test_hls_of_which_seconds_arrive_at_once_is_played_in_its_own_time(
    film: Path, ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    segments = ("-hls_time", "1", "-hls_list_size", "0", "-hls_flags", "omit_endlist")  # as long as more is to come
    ffmpeg("-i", film, "-c", "copy", "-f", "hls", *segments, tmp_path / "live.m3u8")
    with folder_server(tmp_path) as address:
        began_s = time.monotonic()
        played = play(f"{address}/live.m3u8", until=lambda played: heard_and_seen(played, 1.5))
        took_s = time.monotonic() - began_s
    assert played.source.live is True
    assert took_s > 1.4
    zero_s = [chunk.captured_s - chunk.time_s for chunk in played.chunks]
    assert max(zero_s) - min(zero_s) < 0.5
    assert played.frames[-1].time_s == pytest.approx(played.end_s, abs=0.7)
    assert played.ticks == []


def test_a_lost_stream_is_told_and_fetched_again_and_its_clock_goes_on() -> None:
    with mjpeg_camera(pictures_per_call=20) as camera:
        told: list[str | None] = []
        source = open_source(SourceSettings(url=camera.url), told.append)
        played = collect(source, lambda _: camera.calls >= 2 and told[-1:] == [None], told)
    assert told[0] is not None
    assert "lost" in told[0]
    assert "trying to get it back" in told[0]
    assert "secret" not in told[0]
    times_s = [item.time_s for item in played.order]
    assert times_s == sorted(times_s)
    assert max(np.diff(times_s)) >= 0.9  # the first attempt comes after a second


def test_a_stream_whose_own_clock_begins_again_with_each_connection_goes_on_behind_what_came(
    film: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broadcast = tmp_path / "broadcast.ts"
    ffmpeg("-i", film, "-c", "copy", broadcast)
    content = broadcast.read_bytes()
    packets = [content[start : start + 7 * 188] for start in range(0, len(content), 7 * 188)]
    with http_camera("video/mp2t", packets, period_s=1.0 / len(packets)) as camera:
        source = open_source(SourceSettings(url=camera.url), lambda _: None)
        played = collect(source, lambda played: played.order[-1].time_s > 5.0)
    assert camera.calls == 2
    assert played.source.live is True
    heard_s, seen_s = [chunk.time_s for chunk in played.chunks], [item.time_s for item in played.seen]
    assert heard_s == sorted(heard_s)
    assert seen_s == sorted(seen_s)
    assert len([time_s for time_s in heard_s if time_s > 3.1]) > 50
    assert len([frame for frame in played.frames if frame.time_s > 3.1]) > 40


def test_what_came_while_the_networks_loaded_is_not_played_as_if_it_came_now(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    broadcast, begins_low = tmp_path / "broadcast.ts", "aevalsrc='sin(2*PI*t*if(lt(t,2),440,880))':s=44100:d=4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=4", "-f", "lavfi", "-i", begins_low, "-c:v", "libx264", "-g", "100",
           "-bf", "0", "-c:a", "aac", broadcast)  # fmt: skip
    with http_camera("video/mp2t", [broadcast.read_bytes()], period_s=0.0) as camera:
        source = open_source(SourceSettings(url=camera.url), lambda _: None)
        source._opened_s -= 2.2  # type: ignore[attr-defined]  # so long ago
        played = collect(source, lambda played: heard_and_seen(played, 1.4))
    assert camera.calls == 1  # who takes one viewer only must not lose him
    assert played.order[0].time_s == pytest.approx(0.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(played.waveform * np.hanning(len(played.waveform))))
    frequency_hz = np.arange(len(spectrum)) * 16_000 / len(played.waveform)
    assert spectrum[abs(frequency_hz - 440) < 20].max() < 0.01 * spectrum[abs(frequency_hz - 880) < 20].max()
    assert len(played.frames) > 20  # though the only key frame was left out


def test_pictures_that_come_when_their_moment_is_over_are_left_out_and_counted(
    film: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broadcast = tmp_path / "broadcast.ts"
    ffmpeg("-i", film, "-c", "copy", broadcast)
    content = broadcast.read_bytes()
    packets = [content[start : start + 188] for start in range(0, len(content), 188)]
    second = len(packets) // 3

    def sent(at: int) -> int:
        is_picture = int.from_bytes(packets[at][1:3]) & 0x1FFF == 0x100  # ffmpeg's first stream
        return at + second if is_picture else at

    late = [packets[at] for at in sorted(range(len(packets)), key=sent)]
    with http_camera("video/mp2t", late, period_s=1.0 / len(late)) as camera:
        source = open_source(SourceSettings(url=camera.url), lambda _: None)
        assert source.dropped == {"late_pictures": 0}
        played = collect(source, lambda played: played.order[-1].time_s > 2.5)
    assert played.ticks
    assert source.dropped["late_pictures"] > 0


def test_a_connection_without_sound_and_pictures_is_another_loss_and_the_stream_is_fetched_again(
    film: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broadcast, words, subtitles = tmp_path / "broadcast.mkv", tmp_path / "words.srt", tmp_path / "subtitles.mkv"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n", encoding="utf-8")
    ffmpeg("-i", film, "-t", "1", "-c", "copy", "-live", "1", broadcast)  # without a length
    ffmpeg("-i", words, "-c:s", "srt", "-live", "1", subtitles)
    told: list[str | None] = []
    with http_camera("video/x-matroska", [broadcast.read_bytes()], period_s=0.0) as camera:
        camera.own_answers[2] = [subtitles.read_bytes()]
        source = open_source(SourceSettings(url=camera.url), told.append)
        played = collect(source, lambda played: camera.calls >= 3 and told[-1:] == [None], told)
    lost = [trouble for trouble in told if trouble is not None]
    assert "lost (" in lost[0]
    assert lost[1].endswith("holds neither sound nor pictures now; tried again every few seconds")
    assert (
        played.order[-1].time_s > 2.4
    )  # attempts come after one and two seconds more; a tick keeps half a second back


def test_stop_is_heeded_while_a_lost_stream_is_waited_for() -> None:
    with mjpeg_camera(pictures_per_call=5) as camera:
        stop, told = threading.Event(), list[str | None]()

        def tell(trouble: str | None) -> None:
            told.append(trouble)
            stop.set()

        source = open_source(SourceSettings(url=camera.url), tell)
        source.run(Channel("audio", 8, WhenFull.DROP_OLDEST), Channel("video", 8, WhenFull.DROP_OLDEST), stop)
        source.close()
        source.close()
    assert len(told) == 1


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_a_port_where_nobody_listens_is_refused_at_once(scheme: str, free_port: int) -> None:
    began_s = time.monotonic()
    with pytest.raises(SourceError, match=r"Connection refused.*sender is running") as raised:
        open_source(SourceSettings(url=f"{scheme}://user:secret@127.0.0.1:{free_port}/x"), lambda _: None)
    assert time.monotonic() - began_s < 3
    assert "secret" not in str(raised.value)


def test_a_host_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SourceError, match=r"no host named camera\.invalid"):
        open_source(SourceSettings(url="rtsp://camera.invalid/x"), lambda _: None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rtsp://me:secret@[::1", "rtsp://…: is no address"),
        ("rtsp://me:secret\u2100@camera.lan", "rtsp://…: is no address"),  # which Unicode writes with a slash
        (f"rtsp://me:secret@{'a' * 70}.lan/x", f"no host named {'a' * 70}.lan is known"),
    ],
)
def test_what_is_no_address_is_refused_in_one_line_without_its_password(url: str, said: str) -> None:
    with pytest.raises(SourceError, match=re.escape(said)) as raised:
        open_source(SourceSettings(url=url), lambda _: None)
    assert "secret" not in str(raised.value)


@pytest.mark.slow
def test_a_sender_that_says_nothing_is_given_up_after_the_timeout(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for url in (f"http://127.0.0.1:{silent.getsockname()[1]}/x", f"udp://127.0.0.1:{free_port}"):
            began_s = time.monotonic()
            with pytest.raises(SourceError, match="nothing came within 5 s"):
                open_source(SourceSettings(url=url), lambda _: None)
            assert time.monotonic() - began_s < 12


@pytest.mark.slow
def test_a_udp_sender_that_starts_again_is_heard_and_seen_again_on_the_same_clock(free_port: int, play: Play) -> None:
    url = f"udp://127.0.0.1:{free_port}?pkt_size=1316"
    codecs = ["-c:v", "libx264", "-tune", "zerolatency", "-g", "12", "-c:a", "aac", "-f", "mpegts", url]
    with sending(*codecs) as first, ExitStack() as second:

        def restarted(played: Played) -> bool:
            if first.poll() is None and played.order[-1].time_s > 2.0:
                first.kill()
                first.wait()
                second.enter_context(sending(*codecs))
            return first.poll() is not None and played.order[-1].time_s > 5.0

        played = play(url, until=restarted)
    heard_s = [chunk.time_s for chunk in played.chunks]
    seen_s = [item.time_s for item in played.seen]
    assert heard_s == sorted(heard_s)
    assert seen_s == sorted(seen_s)
    assert len([time_s for time_s in heard_s if time_s > 2.5]) > 40
    assert len([frame for frame in played.frames if frame.time_s > 2.5]) > 30
    assert played.frames[-1].time_s == pytest.approx(played.end_s, abs=0.7)
