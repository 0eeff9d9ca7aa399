"""Real files: what is in them comes out, in order, at its time."""

import hashlib
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import soxr

from streamer.errors import SourceError
from streamer.features.arrays import UInt8
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioTick, VideoFrame, VideoTick
from tests import quicktime
from tests.sources.conftest import Ffmpeg, Play
from tests.sources.playing import Played

SINE = "sine=440:r={rate}:d=2"


def level(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(waveform**2)))


def tone_hz(waveform: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE_HZ / len(waveform)


def due_s(item: AudioChunk | AudioTick | VideoFrame | VideoTick) -> float:
    return item.time_s + (len(item.waveform) / SAMPLE_RATE_HZ if isinstance(item, AudioChunk) else 0.0)


def test_a_film_gives_all_its_sound_and_pictures_on_one_clock(film: Path, play: Play) -> None:
    played = play(film)
    assert played.source.live is False
    assert played.source.audio_name == "film.mp4, aac 44.1 kHz stereo"
    assert played.source.video_name == "film.mp4, h264 320x240 25 fps"
    assert [frame.time_s for frame in played.frames] == pytest.approx([i / 25 for i in range(75)])
    assert played.frames[0].rgb().shape == (240, 320, 3)
    assert played.end_s == pytest.approx(3.0, abs=0.05)
    assert all(len(chunk.waveform) == CHUNK_SAMPLES for chunk in played.chunks[:-1])
    assert played.silent == []
    assert played.told == []


@pytest.mark.parametrize(("channel", "hz"), [(None, 440), (1, 440), (2, 1000)])
def test_of_a_call_one_side_can_be_heard_alone(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path, channel: int | None, hz: int
) -> None:
    call = tmp_path / "call.wav"
    sides = ("-f", "lavfi", "-i", "sine=440:r=8000:d=2", "-f", "lavfi", "-i", "sine=1000:r=8000:d=2")
    ffmpeg(*sides, "-filter_complex", "[0]volume=2[a];[a][1]join=inputs=2:channel_layout=stereo", call)
    waveform = play(call, channel=channel).waveform
    assert tone_hz(waveform) == pytest.approx(hz, abs=1)
    mixed = {None: (0.125, 0.0625), 1: (0.25, 0.0), 2: (0.0, 0.125)}[channel]
    heard = [
        2 * abs(np.exp(-2j * np.pi * f * np.arange(16_000) / 16_000) @ waveform[8_000:24_000]) / 16_000
        for f in (440, 1000)
    ]
    assert heard == pytest.approx(mixed, abs=0.005)


def test_a_channel_that_is_not_there_is_told_with_those_that_are(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    mono, silent = tmp_path / "mono.wav", tmp_path / "silent.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=440:r=8000:d=1", mono)
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:s=64x64", silent)
    with pytest.raises(SourceError, match=r"^mono\.wav: has channels 1 to 1, and channel 2 is asked for$"):
        play(mono, channel=2)
    with pytest.raises(SourceError, match=r"^silent\.mp4: has no sound, and channel 1 is asked for$"):
        play(silent, channel=1)


def test_sound_and_pictures_come_in_the_order_of_their_time(film: Path, play: Play) -> None:
    due = [due_s(item) for item in play(film).order]
    assert due == sorted(due)


def test_the_same_file_gives_the_same_items(film: Path, play: Play) -> None:
    def digest(played: Played) -> str:
        sha = hashlib.sha256()
        for item in played.order:
            sha.update(repr(item.time_s).encode())
            if isinstance(item, AudioChunk):
                sha.update(item.waveform.tobytes())
            if isinstance(item, VideoFrame):
                sha.update(item.rgb().tobytes())
        return sha.hexdigest()

    assert digest(play(film)) == digest(play(film))


@pytest.mark.parametrize(
    ("name", "rate_hz", "words"),
    [
        ("phone.wav", 8_000, ["-ac", "1"]),
        ("music.flac", 44_100, ["-ac", "2"]),
        ("cinema.flac", 48_000, ["-ac", "6"]),
        ("eight_bits.wav", 16_000, ["-c:a", "pcm_u8"]),
        ("sixty_four_bits.mkv", 44_100, ["-c:a", "pcm_s64le", "-ac", "2"]),
        ("planar.mkv", 48_000, ["-c:a", "libopus", "-ac", "2"]),
        ("album.mp3", 44_100, ["-ac", "2"]),
    ],
)
def test_sound_of_any_rate_and_layout_becomes_16_khz_mono(
    name: str, rate_hz: int, words: list[str], ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    ffmpeg("-f", "lavfi", "-i", SINE.format(rate=rate_hz), *words, tmp_path / name)
    played = play(tmp_path / name)
    assert played.source.video_name is None
    assert played.seen == []
    assert played.end_s == pytest.approx(2.0, abs=0.06)
    assert tone_hz(played.waveform[4000:28000]) == pytest.approx(440, abs=1)
    assert level(played.waveform[4000:28000]) > 0.02


def test_no_click_is_added_between_the_packets_of_a_file(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    ffmpeg("-f", "lavfi", "-i", SINE.format(rate=44_100), path)
    samples = np.frombuffer(path.read_bytes()[-2 * 88_200 :], np.int16).astype(np.float32) / 32768
    expected = soxr.resample(samples, 44_100, SAMPLE_RATE_HZ)
    heard = play(path).waveform
    n = min(len(heard), len(expected))
    assert n >= len(expected) - 1
    np.testing.assert_allclose(heard[:n], expected[:n], atol=1e-4)


def test_a_centre_channel_is_heard_and_a_bass_channel_is_not(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    only = "pan=5.1|{channel}=c0"
    levels = {}
    for channel in ("FC", "FL", "LFE"):
        path = tmp_path / f"{channel}.flac"
        ffmpeg("-f", "lavfi", "-i", SINE.format(rate=48_000), "-af", only.format(channel=channel), path)
        levels[channel] = level(play(path).waveform)
    assert levels["FC"] > levels["FL"] > 0.01
    assert levels["LFE"] < 1e-4


def assert_as_ffmpeg_shows_it(image_rgb: UInt8, path: Path, ffmpeg: Ffmpeg) -> None:
    """The film's first picture; ffmpeg itself turns and mirrors it as its matrix says."""
    upright = path.with_suffix(".png")
    ffmpeg("-i", path, "-frames:v", "1", upright)
    drawn = cv2.imread(str(upright))
    assert drawn is not None
    expected = cv2.cvtColor(drawn, cv2.COLOR_BGR2RGB)
    assert image_rgb.shape == expected.shape
    assert np.abs(image_rgb.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_phones_picture_is_shown_upright(turned: int, ffmpeg: Ffmpeg, play: Play, film: Path, tmp_path: Path) -> None:
    phone = tmp_path / "phone.mp4"
    ffmpeg("-i", film, "-t", "0.2", "-c", "copy", "-an", phone)
    quicktime.note(phone, quicktime.TURNED[turned])
    (first, *_) = play(phone).frames
    assert_as_ffmpeg_shows_it(first.rgb(), phone, ffmpeg)


MIRRORED = {"left and right": (-1, 0, 0, 1), "top and bottom": (1, 0, 0, -1), "at its diagonal": (0, 1, 1, 0),
            "at its other diagonal": (0, -1, -1, 0)}  # fmt: skip


@pytest.mark.parametrize("how", MIRRORED)
def test_a_mirrored_picture_is_mirrored_back(how: str, ffmpeg: Ffmpeg, play: Play, film: Path, tmp_path: Path) -> None:
    mirrored = tmp_path / "mirrored.mp4"
    ffmpeg("-i", film, "-t", "0.2", "-c", "copy", "-an", mirrored)
    quicktime.note(mirrored, MIRRORED[how])
    (first, *_) = play(mirrored).frames
    assert_as_ffmpeg_shows_it(first.rgb(), mirrored, ffmpeg)


def test_wide_pictures_are_scaled_down_at_capture_and_anamorphic_ones_straightened(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    for name, words, expected in (
        ("wide.mp4", ["-vf", "scale=1280:720,setsar=1"], (90, 160, 3)),
        ("dv.mp4", ["-vf", "scale=720:576,setsar=64/45"], (90, 160, 3)),
        ("small.mp4", ["-vf", "scale=96:64,setsar=1"], (64, 96, 3)),
    ):
        ffmpeg("-f", "lavfi", "-i", "testsrc=r=5:d=0.4", *words, tmp_path / name)
        assert play(tmp_path / name, max_width_px=160).frames[0].rgb().shape == expected


def test_pictures_that_come_faster_than_the_limit_are_left_out(film: Path, play: Play) -> None:
    assert len(play(film, max_fps=10).frames) == pytest.approx(30, abs=1)


def test_a_variable_frame_rate_keeps_the_time_of_every_picture(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "vfr.mkv"
    keep = "select='eq(n\\,0)+eq(n\\,3)+eq(n\\,4)+eq(n\\,30)+eq(n\\,49)'"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=r=25:d=2",
        "-f",
        "lavfi",
        "-i",
        SINE.format(rate=16_000),
        "-vf",
        keep,
        "-vsync",
        "vfr",
        path,
    )
    played = play(path)
    assert [frame.time_s for frame in played.frames] == pytest.approx([0.0, 0.12, 0.16, 1.2, 1.96], abs=0.002)
    seen_s = [item.time_s for item in played.seen]
    assert seen_s == sorted(seen_s)
    assert max(np.diff(seen_s)) < 0.3  # ticks, where there are no pictures


def test_where_the_pictures_end_before_the_sound_ticks_say_so_to_the_end(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    path = tmp_path / "half.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=r=25:d=0.5", "-f", "lavfi", "-i", SINE.format(rate=16_000), path)
    played = play(path)
    heard_s, seen_s = 0.0, 0.0
    for item in played.order:
        if isinstance(item, AudioChunk):
            heard_s = due_s(item)
        else:
            seen_s = item.time_s
        assert heard_s - seen_s < 0.25 + CHUNK_SAMPLES / SAMPLE_RATE_HZ
    assert seen_s > 1.7


@pytest.mark.parametrize(
    ("name", "sounding"), [("half.mp4", "lt(t,1)"), ("gap.mkv", "lt(t,1)+gt(t,2.5)"), ("late.mkv", "gt(t,1.5)")]
)
def test_where_a_film_has_no_sound_ticks_say_so_with_its_pictures(
    name: str, sounding: str, ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    path = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", "testsrc=r=25:d=3.5", "-f", "lavfi", "-i", "sine=r=16000:d=3.5:samples_per_frame=320",
           "-af", f"aselect='{sounding}'", "-c:a", "pcm_s16le" if name.endswith("mkv") else "aac", path)  # fmt: skip
    played = play(path)
    heard = [(due_s(item), item) for item in played.order if isinstance(item, AudioChunk | AudioTick)]
    steps_s = np.diff([0.0, *(time_s for time_s, _ in heard)])
    assert steps_s.min() > 0.0
    assert steps_s.max() < 0.07  # a chunk, and what is left between the last tick and the sound that is back
    ticks_s = [time_s for time_s, item in heard if isinstance(item, AudioTick)]
    without_s = {"half.mp4": (1.0, 3.4), "gap.mkv": (1.0, 2.5), "late.mkv": (0.0, 1.5)}[name]
    assert (ticks_s[0], ticks_s[-1]) == pytest.approx(without_s, abs=0.1)
    seen_s = 0.0
    for item in played.order:
        if isinstance(item, AudioTick):
            assert item.time_s <= seen_s  # who waits for its picture does not wait for ever
        elif isinstance(item, VideoFrame):
            seen_s = item.time_s


def test_a_flash_and_a_beep_at_one_moment_are_delivered_at_one_moment(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    flash = "color=black:s=160x120:r=25:d=3,geq=lum='if(between(T,1.199,1.401),235,16)':cb=128:cr=128"
    beep = "aevalsrc='if(between(t,1.2,1.4),0.5*sin(2*PI*1000*t),0)':s=44100:d=3"
    for name, words in (
        ("sync.mp4", []),
        ("sync.mkv", []),
        ("sync.ts", ["-c:a", "ac3"]),
        ("sync.avi", ["-c:v", "mpeg4", "-c:a", "mp3"]),
    ):
        path = tmp_path / name
        ffmpeg("-f", "lavfi", "-i", flash, "-f", "lavfi", "-i", beep, *words, path)
        played = play(path)
        flash_s = next(frame.time_s for frame in played.frames if frame.rgb().mean() > 128)
        beep_s = np.flatnonzero(np.abs(played.waveform) > 0.1)[0] / SAMPLE_RATE_HZ + played.chunks[0].time_s
        assert flash_s == pytest.approx(beep_s, abs=0.03), name


def test_a_clock_that_starts_again_in_the_middle_goes_on(
    ffmpeg: Ffmpeg, film: Path, play: Play, tmp_path: Path
) -> None:
    part, both = tmp_path / "part.ts", tmp_path / "both.ts"
    ffmpeg("-i", film, "-c", "copy", part)
    both.write_bytes(part.read_bytes() * 2)
    played = play(both)
    assert played.end_s == pytest.approx(6.0, abs=0.2)
    assert played.frames[-1].time_s == pytest.approx(5.96, abs=0.2)
    assert len(played.frames) == pytest.approx(150, abs=3)
    due = [due_s(item) for item in played.order]
    assert due == sorted(due)


def test_sound_alone_begins_at_zero_even_where_its_clock_does_not(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    ffmpeg("-itsoffset", "7", "-f", "lavfi", "-i", SINE.format(rate=16_000), path)
    assert play(path).chunks[0].time_s == 0.0


def test_an_albums_cover_is_no_picture(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    cover, album = tmp_path / "cover.png", tmp_path / "album.mp3"
    ffmpeg("-f", "lavfi", "-i", "testsrc", "-frames:v", "1", cover)
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        SINE.format(rate=44_100),
        "-i",
        cover,
        "-map",
        "0",
        "-map",
        "1",
        "-disposition:v",
        "attached_pic",
        album,
    )
    assert play(album).source.video_name is None


def test_of_a_broadcast_of_two_programmes_sound_and_pictures_are_those_of_one(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    path = tmp_path / "two.ts"
    large, small = ("-f", "lavfi", "-i", "testsrc=s=320x240:d=1"), ("-f", "lavfi", "-i", "testsrc=s=64x48:d=1")
    low, high = ("-f", "lavfi", "-i", "sine=440:d=1"), ("-f", "lavfi", "-i", "sine=880:d=1")
    richer = ("-c:a", "mp2", "-b:a:0", "64k", "-b:a:1", "256k")  # what a player takes for the best sound
    streams = [word for index in range(4) for word in ("-map", str(index))]
    programmes = ("-program", "title=A:st=0:st=1", "-program", "title=B:st=2:st=3")
    ffmpeg(*large, *low, *small, *high, *streams, *richer, *programmes, path)
    played = play(path)
    assert played.frames[0].rgb().shape == (240, 320, 3)
    assert tone_hz(played.waveform[2000:14000]) == pytest.approx(440, abs=2)


def test_sound_stored_far_behind_its_pictures_neither_hangs_nor_is_lost(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    film, sound_pid, sound_in_place = tmp_path / "film.ts", 257, 200
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=24", "-f", "lavfi", "-i", "sine=r=16000:d=24",
           "-c:v", "mpeg2video", "-c:a", "mp2", film)  # fmt: skip
    packets = np.frombuffer(film.read_bytes(), np.uint8).reshape(-1, 188)
    stream = (packets[:, 1].astype(int) & 0x1F) << 8 | packets[:, 2]
    moved = (stream == sound_pid) & (np.cumsum(stream == sound_pid) > sound_in_place)
    film.write_bytes(packets[~moved].tobytes() + packets[moved].tobytes())
    played = play(film)
    assert len(played.frames) == 120
    assert played.end_s == pytest.approx(24.0, abs=0.1)
    picture = next(i for i, item in enumerate(played.order) if isinstance(item, VideoFrame) and item.time_s > 12)
    sound = next(i for i, item in enumerate(played.order) if isinstance(item, AudioChunk) and item.time_s > 5)
    assert picture < sound  # it is not all held in memory until the sound is found
    seen_s = [item.time_s for item in played.seen]
    assert seen_s == sorted(seen_s)


def test_at_pace_realtime_nothing_leaves_before_its_moment_and_the_moment_is_its_capture(
    film: Path, play: Play
) -> None:
    began_s = time.monotonic()
    played = play(film, until=lambda played: len(played.order) >= 60, pace="realtime")
    took_s = time.monotonic() - began_s
    last_s = due_s(played.order[-1])
    assert took_s >= last_s - 0.01
    zero_s = [chunk.captured_s - due_s(chunk) for chunk in played.chunks]
    zero_s += [frame.captured_s - due_s(frame) for frame in played.frames]
    assert max(zero_s) - min(zero_s) < 1e-6


@pytest.mark.parametrize(
    "address", ["{folder}/my film 100%.mp4", "file://{folder}/my%20film%20100%25.mp4", "file:{folder}/my film 100%.mp4"]
)
def test_a_file_is_found_by_its_path_and_by_its_address(address: str, film: Path, play: Play, tmp_path: Path) -> None:
    (tmp_path / "my film 100%.mp4").symlink_to(film)
    played = play(address.format(folder=tmp_path), until=lambda played: len(played.order) >= 3)
    assert played.source.video_name == "my film 100%.mp4, h264 320x240 25 fps"


def test_stop_ends_it_at_once(film: Path, play: Play) -> None:
    assert len(play(film, until=lambda played: len(played.order) >= 10).order) == 10


@pytest.mark.data
def test_a_research_clip_plays_to_its_end(shared_data: Path, play: Play) -> None:
    for path in sorted((shared_data / "av" / "faces").glob("*_8s.mp4")):
        played = play(path)
        assert played.source.audio_name
        assert played.frames
        assert played.told == []
