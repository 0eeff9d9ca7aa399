"""What bad input gets: one line that names it, or all that can be had of it. Never a traceback, never a hang."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from streamer.errors import SourceError
from tests.sources.conftest import Ffmpeg, Play


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "empty file"),
        ("garbage.mp4", bytes(range(256)) * 40, "no sound or video"),
        ("text.txt", b"Dear diary,\n" * 100, "is a text file"),
        ("10:30.mp4", b"\0" * 5000, "10:30.mp4"),
    ],
)
def test_what_is_no_film_is_refused_in_one_line_that_names_it(
    name: str, content: bytes | None, says: str, play: Play, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=says) as raised:
        play(tmp_path / name)
    assert "\n" not in str(raised.value)
    assert name in str(raised.value)


def test_a_folder_is_refused(play: Play, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder; name one file in it"):
        play(tmp_path)


def test_subtitles_alone_are_neither_sound_nor_pictures(play: Play, tmp_path: Path) -> None:
    path = tmp_path / "words.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n", encoding="utf-8")
    with pytest.raises(SourceError, match="neither sound nor pictures"):
        play(path)


def test_a_film_whose_index_is_cut_off_is_refused(film: Path, ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    index_last, cut = tmp_path / "index_last.mp4", tmp_path / "cut.mp4"
    ffmpeg("-i", film, "-c", "copy", index_last)  # a camera writes the index when it stops recording
    cut.write_bytes(index_last.read_bytes()[:-4000])
    with pytest.raises(SourceError, match="cut off"):
        play(cut)


def test_of_a_film_that_is_cut_off_everything_before_the_cut_is_played_and_the_cut_is_told(
    film: Path, play: Play, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size // 2])  # its index stands in front
    played = play(cut)
    assert 0.8 < played.end_s < 2.2
    assert len(played.frames) > 15
    assert played.told[-1] is not None
    assert "cut off after" in played.told[-1]
    assert "of 3.0 s" in played.told[-1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("subtitles.mkv", ("-i", "{srt}", "-map", "0", "-map", "1", "-c:s", "srt")),
        ("subtitles.mp4", ("-i", "{srt}", "-map", "0", "-map", "1", "-c:s", "mov_text", "-movflags", "+faststart")),
        ("later.mkv", ("-output_ts_offset", "30")),
        ("later.mp4", ("-output_ts_offset", "30", "-movflags", "+faststart")),
        ("without_a_length.mkv", ("-live", "1")),
    ],
)
def test_a_film_counts_as_cut_off_when_its_own_sound_and_pictures_are_and_not_where_subtitles_are_longer_or_it_begins_late(
    name: str, words: tuple[str, ...], film: Path, ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    srt, path = tmp_path / "words.srt", tmp_path / name
    srt.write_text("1\n00:00:00,000 --> 00:00:50,000\nHello.\n", encoding="utf-8")
    ffmpeg("-i", film, *(word.format(srt=srt) for word in words), "-c:v", "copy", "-c:a", "copy", path)
    played = play(path)
    assert played.end_s == pytest.approx(3.0, abs=0.1)
    assert played.told == []
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    told = play(path).told[-1:]
    if "-live" in words:
        assert told == []  # nobody knows
    else:
        (cut,) = told
        assert cut is not None
        assert re.search(r"is cut off after [12]\.\d of 3\.[01] s", cut)


def test_what_was_damaged_stays_told_with_the_cut_at_its_end(film: Path, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "both.mp4"
    content = bytearray(film.read_bytes()[: film.stat().st_size * 6 // 10])
    middle = len(content) // 2
    content[middle : middle + 3000] = b"\xff" * 3000
    path.write_bytes(content)
    told = [play(path).told[-1] for _ in range(2)]
    assert told[0] is not None
    assert "damaged pieces of its pictures left out; " in told[0]
    assert "is cut off after" in told[0]
    assert told[0] == told[1]


def test_damage_in_the_middle_costs_what_is_damaged_and_is_told(film: Path, play: Play, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = b"\xff" * 3000
    damaged.write_bytes(content)
    played = play(damaged)
    assert played.end_s == pytest.approx(3.0, abs=0.1)
    assert 30 < len(played.frames) < 75
    assert played.told[-1] is not None
    assert "damaged" in played.told[-1]


def test_a_sound_track_without_a_sample_is_no_sound_and_the_pictures_play(
    ffmpeg: Ffmpeg, play: Play, tmp_path: Path
) -> None:
    path = tmp_path / "mute.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=r=25:d=1", "-f", "lavfi", "-i", "sine=d=1", "-af", "atrim=end=0", path)
    played = play(path)
    assert played.source.audio_name is None
    assert played.chunks == []
    assert len(played.frames) == 25
    assert played.told == ["mute.mkv: its sound track is empty"]


def test_a_recording_of_no_length_is_refused(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-af", "atrim=end=0", path)
    with pytest.raises(SourceError, match="nothing in it can be decoded"):
        play(path)


def test_one_sample_of_sound_is_played(ffmpeg: Ffmpeg, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "click.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=r=16000:d=1", "-af", "atrim=end_sample=1", path)
    assert len(play(path).waveform) == 1


def test_a_sample_of_no_sane_level_spoils_nothing_around_it(play: Play, tmp_path: Path) -> None:
    path = tmp_path / "poison.wav"
    tone = (0.25 * np.sin(np.arange(44_100) * 0.06)).astype(np.float32)
    tone[22_050:22_052] = 3e38, -3e38
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + tone.nbytes, b"WAVE", b"fmt ", 16, 3, 1, 44_100, 176_400, 4, 32,
                         b"data", tone.nbytes)  # fmt: skip
    path.write_bytes(header + tone.tobytes())
    heard = play(path).waveform
    assert np.isfinite(heard).all()
    assert np.abs(heard[:7_800]).max() == pytest.approx(0.25, abs=0.03)
    assert np.abs(heard[8_200:]).max() == pytest.approx(0.25, abs=0.03)
