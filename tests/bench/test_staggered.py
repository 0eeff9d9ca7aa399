from pathlib import Path

import av
import pytest

from streamer.bench.staggered import begins_s, rotated
from streamer.bench.truth import read_turns
from streamer.cli.demo import CLIP

BEGIN_S = 10.0
"""In the middle of a sentence."""


def test_sources_begin_at_different_places() -> None:
    begins = begins_s(CLIP, 12)
    assert len(set(begins)) == 12
    assert min(begins) >= 0


def test_a_rotated_recording_holds_all_sound_and_pictures_and_the_turns_move_with_it(tmp_path: Path) -> None:
    turns = read_turns(CLIP.with_suffix(".rttm"), closer_than_s=0.4)
    moved = rotated(CLIP, BEGIN_S, tmp_path / "moved.mkv", turns, with_video=True)
    with av.open(str(CLIP)) as container:
        length_s = float(container.duration or 0) / 1e6
    with av.open(str(moved.path)) as container:
        pictures = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert len(pictures) == pytest.approx(25 * length_s, abs=2)
    assert pictures == sorted(pictures)
    with av.open(str(moved.path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 16_000 == pytest.approx(length_s, abs=0.2)
    assert len(moved.turns) == 6  # one of seven is cut in two
    following = next(turn for turn in turns if turn.start_s > BEGIN_S)
    assert moved.turns[0].start_s == pytest.approx(following.start_s - BEGIN_S, abs=0.01)


def test_audio_alone_has_no_pictures(tmp_path: Path) -> None:
    moved = rotated(CLIP, 5.0, tmp_path / "moved.mkv", [], with_video=False)
    with av.open(str(moved.path)) as container:
        assert not container.streams.video
