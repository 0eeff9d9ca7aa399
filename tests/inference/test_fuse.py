"""What is judged together, and by which calibration."""

import numpy as np
import pytest

from streamer import Model, load_bundle
from streamer.calibration import Calibration
from streamer.inference import Encoding


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


@pytest.fixture
def told_apart(model: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Its sets hold every label for words alone, and one where there is a voice too."""
    monkeypatch.setitem(model.manifest.calibration, "text", Calibration(emotion_threshold=1.0))
    monkeypatch.setitem(model.manifest.calibration, "text+audio", Calibration(emotion_threshold=0.0))
    monkeypatch.setitem(model.manifest.calibration, "text+audio+video", Calibration(emotion_threshold=0.0))
    return model


def heard(model: Model, *, there: bool) -> Encoding:
    part = model.manifest.audio
    assert part is not None
    return Encoding(np.ones((1, part.width), np.float32), np.full(1, there, np.float32))


def test_every_subset_of_modalities_has_its_own_calibration(told_apart: Model) -> None:
    words = told_apart.encode_text("I can't believe it!")
    assert len(told_apart.fuse({"text": words}, {}).emotion.set) == 7
    assert len(told_apart.fuse({"text": words, "audio": heard(told_apart, there=True)}, {}).emotion.set) == 1


def test_each_modality_says_what_it_would_say_if_there_were_no_other(told_apart: Model) -> None:
    words, voice = told_apart.encode_text("I can't believe it!"), heard(told_apart, there=True)
    together = told_apart.fuse({"text": words, "audio": voice}, {})
    by_words, by_voice = told_apart.fuse({"text": words}, {}), told_apart.fuse({"audio": voice}, {})
    assert together.modalities["text"].emotion == by_words.emotion == by_words.modalities["text"].emotion
    assert together.modalities["audio"].emotion == by_voice.emotion
    assert together.modalities["video"].emotion is None
    assert by_words.emotion.probs != by_voice.emotion.probs


def test_an_encoder_that_masks_all_it_was_given_is_as_good_as_absent(told_apart: Model) -> None:
    words = told_apart.encode_text("I can't believe it!")
    result = told_apart.fuse({"text": words, "audio": heard(told_apart, there=False)}, {})
    assert result.emotion == told_apart.fuse({"text": words}, {}).emotion
    field = result.modalities["audio"]
    assert (field.used, field.weight, field.reason) == (False, 0.0, "nothing in it that could be judged")
