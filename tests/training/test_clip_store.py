"""What a clip's sound is worth to a network: features that are finite, or the row with the reason."""

import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streamer.features import LogMelSpec
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
