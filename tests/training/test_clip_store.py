"""What a clip's sound is worth to a network: features that are finite, or the row with the reason."""

import tracemalloc
import wave
from itertools import repeat
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from streamer.features import FaceCropSpec, LogMelSpec
from training.clip_faces import faces_of_clip
from training.clip_store import ClipStore
from training.errors import TrainingError
from training.progress import Progress
from training.samples import Sample, emotion_of, sentiment_of

SAMPLE = Sample(
    corpus="made",
    key="table.csv:7: dia0_utt3",
    split="train",
    emotion=emotion_of("joy"),
    sentiment=sentiment_of("positive"),
)


def _store(folder: Path) -> ClipStore:
    return ClipStore(folder / "cache", Progress(), audio=LogMelSpec())


def _float_wav(path: Path, values: list[float]) -> Path:
    """32-bit float samples at 16 kHz; the standard library writes whole numbers only, so the format's number is set by hand."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(4)
        file.setframerate(16_000)
        file.writeframes(np.array(values, "<f4").tobytes())
    written = bytearray(path.read_bytes())
    written[20:22] = (3).to_bytes(2, "little")
    path.write_bytes(written)
    return path


def test_sound_that_is_no_number_is_an_error_that_names_row_and_file(tmp_path: Path) -> None:
    path = _float_wav(tmp_path / "nan.wav", [0.1] * 4000 + [float("nan")] * 4000)
    sample = msgspec.structs.replace(SAMPLE, audio=path)
    with pytest.raises(
        TrainingError, match=r"table\.csv:7: dia0_utt3: the features of .*nan\.wav hold NaN or infinity"
    ):
        _store(tmp_path).sound(sample)


def test_sound_of_no_length_keeps_its_row_and_says_why(tmp_path: Path) -> None:
    path = _float_wav(tmp_path / "empty.wav", [])
    sound = _store(tmp_path).sound(msgspec.structs.replace(SAMPLE, audio=path))
    assert sound.features is None
    assert sound.reason is not None
    assert sound.reason.startswith("table.csv:7: dia0_utt3: ")
    assert "empty.wav: has no sound in it" in sound.reason


def _grey_film(path: Path, pictures: int) -> Path:
    """Without sound, 320 by 240."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        grey = np.full((240, 320, 3), 128, np.uint8)
        for picture in repeat(grey, pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_what_a_clip_lacks_is_named_with_its_file(tmp_path: Path) -> None:
    film, sound = _grey_film(tmp_path / "film.mp4", 5), _float_wav(tmp_path / "sound.wav", [0.1] * 8000)
    heard = _store(tmp_path).sound(msgspec.structs.replace(SAMPLE, audio=film))
    assert "film.mp4: has no sound in it" in (heard.reason or "")
    with pytest.raises(TrainingError, match=r"sound\.wav: has no pictures in it"):
        faces_of_clip(sound, FaceCropSpec(), None)


def test_of_clips_that_are_alike_each_is_named_by_its_own_file(tmp_path: Path) -> None:
    store = ClipStore(tmp_path / "cache", Progress(), audio=LogMelSpec(), video=FaceCropSpec())
    for name in ("first.mp4", "second.mp4"):
        path = tmp_path / name
        path.write_bytes(b"")
        sample = msgspec.structs.replace(SAMPLE, audio=path, video=path)
        for reason in (store.sound(sample).reason, store.face(sample).reason):
            assert f"{path}: " in str(reason)
            assert str(reason).count("first.mp4") == 0 or name == "first.mp4"


def test_sound_that_changes_its_rate_on_the_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "joined.ts"
    path.write_bytes(_broadcast(tmp_path / "a.ts", 44_100) + _broadcast(tmp_path / "b.ts", 22_050))
    reason = _store(tmp_path).sound(msgspec.structs.replace(SAMPLE, audio=path)).reason
    assert "joined.ts: cannot be decoded" in str(reason)


def _broadcast(path: Path, rate_hz: int) -> bytes:
    """Half a second of silence as a transport stream, which can be joined to another."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mp2", rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, rate_hz // 2), np.int16), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler("s16", "mono", rate_hz, frame_size=1152)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_a_long_clip_is_looked_at_picture_by_picture(tmp_path: Path) -> None:
    pictures = 200
    film = _grey_film(tmp_path / "long.mp4", pictures)
    tracemalloc.start()
    try:
        assert faces_of_clip(film, FaceCropSpec(), None).reason is not None
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < pictures * 320 * 240 * 3 / 4
