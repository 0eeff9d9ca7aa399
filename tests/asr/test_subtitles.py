"""Words of a SubRip file, by time."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.asr import open_subtitles
from streamer.asr.subtitles import Cue, parse_srt, words_between
from streamer.errors import SourceError

SRT = """1
00:00:01,000 --> 00:00:03,000
<i>Hello there.</i>
How are you?

2
00:00:03,500 --> 00:00:04,500
{\\an8}Fine.

3
00:00:05,000 --> 00:00:05,000
No time for this.
"""


def test_cues_lose_their_markup_and_keep_their_words() -> None:
    assert parse_srt(SRT) == (
        Cue(1.0, 3.0, ("Hello", "there.", "How", "are", "you?")),
        Cue(3.5, 4.5, ("Fine.",)),
    )


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("<i>Hello</i> {\\an8}you &amp; me", "Hello you & me"),
        ("[door slams]", ""),
        ("[door\nslams] Who is there?", "Who is there?"),
        ("(SIGHS) No.", "No."),
        ("♪ la la ♪", "la la"),
        ("- JOHN: Hi.\n- MRS. SMITH: You?", "Hi. You?"),
        ("-Hi.\n-You?", "Hi. You?"),
        ("ROSS:\nNo way.", "No way."),
        ("At 12:30, he said: go!", "At 12:30, he said: go!"),
        ("-5 degrees", "-5 degrees"),
        ("I work for NASA: yes.", "I work for NASA: yes."),
    ],
)
def test_what_is_told_to_the_deaf_beside_the_words_was_not_said(shown: str, said: str) -> None:
    cues = parse_srt(f"00:00:01,000 --> 00:00:03,000\n{shown}\n")
    assert words_between(cues, 0.0, 4.0) == said


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_newline_and_a_missing_number_will_do(newline: str) -> None:
    text = "01:02:03.5 --> 01:02:04,250\nYes.\n\n".replace("\n", newline)
    assert parse_srt(text) == (Cue(3723.5, 3724.25, ("Yes.",)),)


def test_an_utterance_gets_the_words_of_its_time() -> None:
    cues = parse_srt(SRT)
    assert words_between(cues, 0.8, 3.1) == "Hello there. How are you?"
    assert words_between(cues, 3.0, 5.0) == "Fine."
    assert words_between(cues, 6.0, 9.0) == ""


def test_a_cue_that_two_utterances_share_gives_each_its_part() -> None:
    cues = parse_srt(SRT)
    assert (words_between(cues, 0.0, 1.8), words_between(cues, 1.8, 3.2)) == ("Hello there.", "How are you?")


@given(st.lists(st.floats(0, 60), min_size=1, max_size=10))
def test_utterances_side_by_side_share_out_every_word_once(cuts_s: list[float]) -> None:
    cues = (Cue(2.0, 7.0, tuple("abcdefgh")), Cue(8.0, 50.0, tuple("ijklmnop")))
    edges = [0.0, *sorted(cuts_s), 60.1]
    words = [words_between(cues, start_s, end_s) for start_s, end_s in pairwise(edges)]
    assert "".join("".join(words).split()) == "abcdefghijklmnop"


def test_reading_begins_at_the_utterance_and_grows_with_it(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(SRT, encoding="utf-8")
    recogniser = open_subtitles(path)
    reading = recogniser.begin(0.9, source="any")
    assert reading.partial() == ""
    reading.push(np.zeros(16_000, np.float32))
    assert reading.partial() == "Hello there."
    reading.speculate()
    reading.resume()
    assert reading.finish(2.2) == ("Hello there. How are you?", None, "subtitles/film.srt", None)


def test_without_blank_lines_neither_times_nor_numbers_become_words() -> None:
    assert parse_srt(SRT.replace("\n\n", "\n")) == parse_srt(SRT)
    assert [
        cue.words for cue in parse_srt("00:00:01,000 --> 00:00:02,000\nOne.\n00:00:03,000 --> 00:00:04,000\nTwo.")
    ] == [
        ("One.",),
        ("Two.",),
    ]


def test_a_number_that_is_said_is_a_word_and_what_stands_below_a_blank_line_is_not() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n42\n\nA remark.\n\n2\n00:00:03,000 --> 00:00:04,000\n7\n"
    assert [cue.words for cue in parse_srt(text)] == [("42",), ("7",)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_old_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "film.srt"
    path.write_bytes("1\n00:00:01,000 --> 00:00:02,000\nCafé!\n".encode(encoding))
    assert open_subtitles(path).begin(0.0).finish(3.0).text == "Café!"


def test_what_is_missing_or_no_subtitle_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.srt: cannot be read: No such file"):
        open_subtitles(tmp_path / "gone.srt")
    (tmp_path / "notes.srt").write_text("nothing of the kind", encoding="utf-8")
    with pytest.raises(SourceError, match=r"notes\.srt: has no cue such as"):
        open_subtitles(tmp_path / "notes.srt")


@pytest.mark.parametrize(("language", "rejected"), [("en", False), ("auto", False), ("de", True)])
def test_words_of_another_language_are_published_and_not_judged(tmp_path: Path, language: str, rejected: bool) -> None:
    path = tmp_path / "film.srt"
    path.write_text("00:00:01,000 --> 00:00:03,000\nIch hasse dich!\n")
    read = open_subtitles(path, language).begin(0.0)
    told = read.finish(4.0)
    assert told.text == "Ich hasse dich!"
    assert told.rejected == ("speech is de, the text network reads English" if rejected else None)
    assert read.finish(0.5).rejected is None, "where nothing is said nothing is rejected"
