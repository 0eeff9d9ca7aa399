from itertools import pairwise
from pathlib import Path

import pytest

from streamer.bench.truth import Turn, read_turns, truth_beside
from streamer.cli.demo import CLIP
from streamer.errors import ConfigError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_rttm_gives_turns_in_time_order_and_joins_those_that_are_close(tmp_path: Path) -> None:
    rttm = write(
        tmp_path / "a.rttm",
        "SPKR-INFO a 1 <NA> <NA> <NA> unknown anna <NA> <NA>",
        "SPEAKER a 1 5.0 1.0 <NA> <NA> anna <NA> <NA>",
        "SPEAKER a 1 1.0 0.5 <NA> <NA> anna <NA> <NA>",
        "SPEAKER a 1 1.7 0.3 <NA> <NA> ben <NA> <NA>",
    )
    assert read_turns(rttm, closer_than_s=0.4) == [Turn(1.0, 2.0), Turn(5.0, 6.0)]


def test_stm_is_read_too(tmp_path: Path) -> None:
    stm = write(tmp_path / "a.stm", ";; made by hand", "a 1 anna 0.5 1.25 <o,f0> hello there")
    assert read_turns(stm, closer_than_s=0.4) == [Turn(0.5, 1.25)]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    rttm = write(tmp_path / "a.rttm", "SPEAKER a 1 soon 0.5")
    with pytest.raises(ConfigError, match=r"a\.rttm:1"):
        read_turns(rttm, closer_than_s=0.4)


def test_a_recording_without_times_says_how_to_give_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--rttm"):
        truth_beside(tmp_path / "talk.mp4")


def test_the_packaged_clip_has_seven_turns_with_a_pause_after_each() -> None:
    turns = read_turns(truth_beside(CLIP), closer_than_s=0.4)
    assert len(turns) == 7
    assert all(after.start_s - before.end_s > 0.9 for before, after in pairwise(turns))
