"""The smallest published Whisper, as `streamer models pull tiny.en` brings it: real words of real sound, and none where nobody spoke."""

import re
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from streamer.asr.brief_whisper import ROOM_S, BriefWhisper
from streamer.asr.whisper import Whisper
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, Transcript
from streamer.settings import AsrSettings
from training.pretrained import whisper_weights


@pytest.fixture(scope="module")
def whisper() -> Iterator[Whisper]:
    recogniser = Whisper(whisper_weights().parent, "tiny.en", AsrSettings(), "cpu")
    recogniser.wait_until_loaded()
    yield recogniser
    recogniser.close()


def said(whisper: Whisper, sound: Float32) -> Transcript:
    recognition = whisper.begin(0.0)
    recognition.push(sound)
    return recognition.finish(sound.shape[0] / SAMPLE_RATE_HZ)


def clip(voice: Float32, start_s: float, end_s: float) -> Float32:
    return voice[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]


@pytest.mark.parametrize(
    ("start_s", "end_s", "words"),
    [
        (0.8, 3.05, "we will meet at the office on monday"),
        (3.5, 5.8, "i love you this is wonderful"),
        (6.5, 9.0, "leave me alone i hate you"),
        (17.5, 19.8, "what a wonderful surprise"),
    ],
)
def test_what_was_said_is_recognised_and_believed(
    whisper: Whisper, demo_voice: Float32, start_s: float, end_s: float, words: str
) -> None:
    transcript = said(whisper, clip(demo_voice, start_s, end_s))
    assert re.sub("[^a-z ]", "", transcript.text.lower()) == words
    assert transcript.rejected is None
    assert transcript.confidence is not None
    assert transcript.confidence > 0.6
    assert transcript.engine == "faster-whisper/tiny.en"


def test_where_nobody_spoke_no_words_are_believed(whisper: Whisper) -> None:
    draw, time_s = np.random.default_rng(3), np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (220.0, 277.2, 329.6))
    sounds = {
        "silence": np.zeros_like(time_s),
        "hiss": 0.05 * draw.standard_normal(time_s.shape),
        "rumble": 0.01 * np.cumsum(draw.standard_normal(time_s.shape)) / 10,
        "hum": 0.1 * np.sin(2 * np.pi * 50 * time_s),
        "music": 0.1 * chord * (1 + np.sin(2 * np.pi * 2 * time_s)) / 2,
        "clicks": (draw.random(time_s.shape) < 5e-4).astype(np.float64),
    }
    for name, sound in sounds.items():
        transcript = said(whisper, sound.astype(np.float32))
        assert not transcript.text or transcript.rejected, f"{name}: {transcript.text!r} was believed"


def test_of_the_half_minute_only_what_was_said_and_some_silence_is_encoded() -> None:
    model = BriefWhisper(str(whisper_weights().parent), device="cpu", compute_type="int8", local_files_only=True)
    half_a_minute = np.zeros((80, 3000), np.float32)
    model.hears(2 * SAMPLE_RATE_HZ)
    assert model.encode(half_a_minute).shape == [1, round((2 + ROOM_S) * 50), 384]
    model.hears(25 * SAMPLE_RATE_HZ)
    assert model.encode(half_a_minute).shape == [1, 1500, 384]


def test_what_two_threads_hear_with_one_model_is_not_mixed_up() -> None:
    model = BriefWhisper(str(whisper_weights().parent), device="cpu", compute_type="int8", local_files_only=True)
    model.hears(2 * SAMPLE_RATE_HZ)
    other = threading.Thread(target=model.hears, args=(9 * SAMPLE_RATE_HZ,))
    other.start()
    other.join()
    assert model.encode(np.zeros((80, 3000), np.float32)).shape == [1, round((2 + ROOM_S) * 50), 384]
