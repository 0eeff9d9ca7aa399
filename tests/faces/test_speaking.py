"""Which face speaks: scripted mouths and voices, and real ones."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.faces import FaceDetector, FaceWatch, SpeakerChoice, choose_speaker
from streamer.features.arrays import Float32
from streamer.features.face_crops import FaceCropSpec
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, FaceSighting, Heard, VideoFrame
from streamer.settings import FaceSettings

SECONDS = 3.0
CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ
STEP_S = 0.08
MOUTH_LEADS_S = 0.15


def _syllables(times_s: Float32, seed: int) -> Float32:
    """Loudness of words said in the middle of the span, 0 to 1; another seed says something else."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0, 1, 40)
    inside = (times_s > 0.5) & (times_s < SECONDS - 0.2)
    return np.asarray(np.interp(times_s / 0.15, np.arange(40), knots) * inside, np.float32)


def _heard(seed: int = 1) -> list[Heard]:
    times_s = np.arange(CHUNK_S, SECONDS, CHUNK_S, dtype=np.float32)
    loudness = _syllables(times_s, seed)
    return [
        Heard(float(t), 0.95 if v > 0.05 else 0.05, float(-60 + 40 * v)) for t, v in zip(times_s, loudness, strict=True)
    ]


def _face(
    track_id: int, seed: int | None = 1, strength: float = 0.15, x_px: float = 100, until_s: float = SECONDS
) -> list[FaceSighting]:
    """A face whose mouth says the words of a seed; None keeps it still."""
    times_s = np.arange(0, until_s, STEP_S, dtype=np.float32)
    motion = (
        np.zeros_like(times_s) if seed is None else strength * _syllables(times_s + np.float32(MOUTH_LEADS_S), seed)
    )
    box = (x_px, 100.0, x_px + 100, 200.0)
    return [
        FaceSighting(float(t), track_id, box, 0.9, None, float(m) + 0.004) for t, m in zip(times_s, motion, strict=True)
    ]


def _together(*faces: list[FaceSighting]) -> list[FaceSighting]:
    return sorted((s for face in faces for s in face), key=lambda s: s.time_s)


def test_the_only_face_that_moves_with_the_voice_speaks() -> None:
    choice = choose_speaker(_face(7), _heard())
    assert choice.track_id == 7
    assert choice.score > 0.9
    assert choice.bbox_xyxy_px == (100, 100, 200, 200)
    assert choice.reason is None


def test_no_face_is_said() -> None:
    assert choose_speaker([], _heard()) == SpeakerChoice(None, None, 0.0, "no face in view")


def test_a_face_that_keeps_its_mouth_still_does_not_speak() -> None:
    choice = choose_speaker(_face(1, None), _heard())
    assert choice.track_id is None
    assert choice.reason == "the only face keeps its mouth still (0.00)"


def test_a_mouth_that_moves_only_before_the_voice_or_in_one_bad_picture_is_still() -> None:
    still = [replace(s, mouth_motion=0.0) for s in _face(1, None)]
    chewed = [replace(s, mouth_motion=0.2) if s.time_s < 0.4 else s for s in still]
    flashed = [replace(s, mouth_motion=3.0) if i == 20 else s for i, s in enumerate(still)]
    for sightings in (chewed, flashed):
        assert (choose_speaker(sightings, _heard()).reason or "").startswith("the only face keeps its mouth still")


def test_a_face_that_is_only_ever_seen_in_single_pictures_is_not_said_to_keep_still() -> None:
    seldom = [replace(s, mouth_motion=None) for s in _face(1)[::12]]
    reason = "no face could be followed from one picture to the next"
    assert choose_speaker(seldom, _heard()) == SpeakerChoice(None, None, 0.0, reason)
    assert choose_speaker(_together(seldom, _face(2)), _heard()).track_id == 2


def test_faces_that_all_keep_still_do_not_speak() -> None:
    choice = choose_speaker(_together(_face(1, None), _face(2, None)), _heard())
    assert choice.reason == "no face moves its mouth (0.00, 0.00)"


def test_of_two_faces_the_one_that_moves_speaks() -> None:
    assert choose_speaker(_together(_face(1, None), _face(2)), _heard()).track_id == 2


@pytest.mark.parametrize("others", [1, 3])
def test_of_several_talking_faces_the_one_in_step_with_the_voice_speaks(others: int) -> None:
    faces = _together(_face(1, seed=1), *[_face(i, seed=i + 10) for i in range(2, 2 + others)])
    assert choose_speaker(faces, _heard(1)).track_id == 1


def test_two_faces_that_move_alike_are_a_draw_that_is_said() -> None:
    choice = choose_speaker(_together(_face(1), _face(2)), _heard())
    assert choice.track_id is None
    assert choice.reason is not None
    assert choice.reason.startswith("two faces move their mouths alike (0.")


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_face_that_talks_on_through_anothers_pauses_does_not_get_the_voice(seed: int) -> None:
    chewing = [
        FaceSighting(STEP_S * i, 1, (0, 0, 90, 90), 0.9, None, 0.1 + 0.05 * (-1) ** (i // seed)) for i in range(37)
    ]
    choice = choose_speaker(chewing, _heard(seed))
    assert choice.track_id is None
    assert choice.reason is not None
    assert "does not clearly go with the voice" in choice.reason


def test_a_face_that_left_early_is_less_likely_than_one_that_stayed() -> None:
    assert choose_speaker(_face(1, until_s=0.9), _heard()).score < choose_speaker(_face(1), _heard()).score - 0.05


def test_a_short_word_is_given_to_the_only_moving_face() -> None:
    heard = [h for h in _heard() if 0.9 < h.time_s < 1.25]
    sightings = [s for s in _face(1, strength=0.3) if 0.9 < s.time_s < 1.25]
    assert choose_speaker(sightings, heard).track_id == 1


def test_a_speaker_who_walks_is_told_where_the_face_was_last_seen() -> None:
    walking = [replace(s, bbox_xyxy_px=(i, 100.0, i + 100, 200.0)) for i, s in enumerate(_face(1))]
    assert choose_speaker(walking, _heard()).bbox_xyxy_px == walking[-1].bbox_xyxy_px


def test_without_a_microphone_a_large_face_that_comes_at_the_end_is_not_the_one_most_in_view() -> None:
    large = [replace(s, bbox_xyxy_px=(0, 0, 160, 160)) for s in _face(2, None)[-3:]]
    assert choose_speaker(_together(_face(1, None), large), None).track_id == 1


def test_without_a_microphone_the_face_most_in_view_is_taken() -> None:
    large = [FaceSighting(s.time_s, 2, (0, 0, 160, 160), 0.8, None, None) for s in _face(2, None)]
    choice = choose_speaker(_together(_face(1), large), None)
    assert (choice.track_id, choice.score, choice.reason) == (2, 0.8, None)


times = st.floats(0, 5, allow_nan=False)


@given(
    st.lists(st.tuples(times, st.integers(1, 4), st.none() | st.floats(0, 5)), max_size=60),
    st.lists(st.tuples(times, st.floats(0, 1), st.floats(-100, 0)), min_size=1, max_size=60),
)
def test_whatever_was_seen_and_heard_either_a_face_or_a_reason_comes_out(
    seen: list[tuple[float, int, float | None]], heard: list[tuple[float, float, float]]
) -> None:
    sightings = [FaceSighting(t, i, (0, 0, 50, 50), 0.9, None, m) for t, i, m in sorted(seen, key=lambda s: s[:2])]
    choice = choose_speaker(sightings, [Heard(*chunk) for chunk in sorted(heard)])
    assert 0 <= choice.score <= 1
    assert (choice.track_id is None) == (choice.bbox_xyxy_px is None) == (choice.reason is not None)


def _sightings(path: Path, detector: FaceDetector) -> list[FaceSighting]:
    watch = FaceWatch(detector, FaceCropSpec(), FaceSettings())
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            image = np.asarray(frame.reformat(width=640, height=360, format="rgb24").to_ndarray(), np.uint8)
            watch.step(VideoFrame.of(float(frame.time or 0), image))
    return watch.ring.between(0, 100)


def _voice(path: Path) -> list[Heard]:
    """Loudness alone tells the voice in these clean clips."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        blocks = [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    waveform = np.concatenate(blocks)
    chunks = waveform[: len(waveform) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
    level_dbfs = 20 * np.log10(np.sqrt((chunks**2).mean(axis=1)) + 1e-5)
    loud = level_dbfs > level_dbfs.max() - 30
    return [
        Heard((i + 1) * CHUNK_S, float(voiced), float(level))
        for i, (voiced, level) in enumerate(zip(loud, level_dbfs, strict=True))
    ]


@pytest.mark.data
@pytest.mark.parametrize("name", ["haar", "yunet"])
@pytest.mark.parametrize("clip", ["01-01-08-01-02-02-01.mp4", "01-01-01-01-01-02-01.mp4"])
def test_the_actor_of_a_real_clip_speaks_his_own_words(detector: FaceDetector, shared_data: Path, clip: str) -> None:
    path = shared_data / "av" / "ravdess" / clip
    assert choose_speaker(_sightings(path, detector), _voice(path)).track_id == 1


@pytest.mark.data
@pytest.mark.parametrize("name", ["haar"])
def test_a_real_face_that_is_silent_does_not_get_a_voice_from_elsewhere(
    detector: FaceDetector, shared_data: Path
) -> None:
    clip = shared_data / "av" / "ravdess" / "01-01-08-01-02-02-01.mp4"
    silent = [s for s in _sightings(clip, detector) if s.time_s < 0.7]
    heard = [h for h in _voice(shared_data / "av" / "faces" / "M003_level_1_happy_024.mp4") if h.time_s < 0.7]
    choice = choose_speaker(silent, heard)
    assert choice.track_id is None
    assert choice.reason is not None
    assert "keeps its mouth still" in choice.reason
