"""Augmentation gives what a microphone, a recogniser or a webcam could have given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.features import ContextTurn, LogMelSpec
from streamer.features.arrays import Float32
from streamer.features.log_mel import log_mel, mel_edges_hz, normalise
from streamer.features.voice_spectrum import voice_spectrum
from training.augment.face import FaceAugment, augment_face
from training.augment.recognised import Misheard, TextAugment, augment, recognised
from training.augment.sound import SoundAugment, augment_mel, mask_mel
from training.samples import Sample, emotion_of, implied_sentiment

SPEC = LogMelSpec()
NOTHING: Float32 = np.zeros((0, SPEC.n_mels), np.float32)


def _sample(text: str) -> Sample:
    joy = emotion_of("joy")
    turns = (ContextTurn("Ross", "Really? I mean, really!"),)
    return Sample(
        corpus="m",
        key="1",
        split="train",
        emotion=joy,
        sentiment=implied_sentiment(joy),
        speaker="Joey",
        text=text,
        context=turns,
    )


TEXT = "Oh my God, I can't believe that you would do this to me after everything we said last night!"


def test_text_of_a_small_engine_has_no_punctuation_but_keeps_apostrophes() -> None:
    said = recognised(TEXT, Misheard([]), np.random.default_rng(0), errors=0.0, punctuated=False)
    assert said == TEXT.replace(",", "").replace("!", "")


def test_about_the_asked_share_of_words_is_wrong() -> None:
    misheard = Misheard([_sample(TEXT), _sample("Once more your bold mountain could talk about lasting winters")])
    words = TEXT.split()
    wrong = 0
    for seed in range(300):
        said = recognised(TEXT, misheard, np.random.default_rng(seed), errors=0.1, punctuated=True).split()
        wrong += (
            abs(len(said) - len(words))
            if len(said) != len(words)
            else sum(a != b for a, b in zip(said, words, strict=True))
        )
    assert 0.04 < wrong / (300 * len(words)) < 0.13


@given(st.text(max_size=40), st.integers(0, 50))
def test_any_text_can_be_recognised(text: str, seed: int) -> None:
    recognised(text, Misheard([_sample(text)]), np.random.default_rng(seed), errors=0.5, punctuated=False)


def test_context_and_speakers_are_sometimes_unknown() -> None:
    config = TextAugment(recognised=0, no_context=1, no_speakers=1)
    changed = augment(_sample(TEXT), config, Misheard([]), np.random.default_rng(0))
    assert (changed.context, changed.speaker, changed.text) == ((), None, TEXT)


@pytest.mark.parametrize("seconds", [0.05, 0.5, 3.0])
def test_sound_stays_finite_and_within_the_longest_crop(seconds: float) -> None:
    wave = np.random.default_rng(1).normal(0, 0.05, round(16_000 * seconds)).astype(np.float32)
    mel = log_mel(wave, SPEC)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        changed = mask_mel(
            normalise(augment_mel(mel, NOTHING, SPEC, SoundAugment(), rng)[0], SPEC), SoundAugment(), rng
        )
        assert changed.dtype == np.float32
        assert changed.shape[1] == SPEC.n_mels
        assert len(changed) <= 100 * SoundAugment().max_crop_s * 1.2
        assert np.isfinite(changed).all()


def test_a_line_carries_the_middle_of_a_voice_and_of_what_was_heard_before_and_little_else() -> None:
    over_a_line = SoundAugment(
        line=1, whole=1, gain_db=0, noise=0, speed=0, pitch_bands=0, tilt_db=0, reverb=0, time_masks=0, band_masks=0
    )
    recorded = log_mel(np.random.default_rng(1).normal(0, 0.05, 32_000).astype(np.float32), SPEC)
    before = voice_spectrum(recorded)[None]
    centres_hz = np.array(mel_edges_hz(SPEC)[1:-1])
    middle, above = (centres_hz > 350) & (centres_hz < 3_000), centres_hz > 7_000
    for seed in range(20):
        mel, known = augment_mel(recorded, before, SPEC, over_a_line, np.random.default_rng(seed))
        assert mel[:, middle] == pytest.approx(recorded[:, middle], abs=1e-3)
        assert (mel[:, above] < recorded[:, above] - 1).all()
        assert known == pytest.approx(voice_spectrum(mel)[None], abs=0.01)


def test_a_face_keeps_its_shape_and_range_and_the_same_draw_gives_the_same_face() -> None:
    face = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
    for seed in range(30):
        first, second = (augment_face(face, FaceAugment(), np.random.default_rng(seed)) for _ in range(2))
        assert first.shape == face.shape
        assert first.dtype == np.uint8
        assert (first == second).all()
