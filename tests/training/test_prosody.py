"""Prosody beside words: what the expert is shown, and that it is believed only where it tells something."""

from pathlib import Path

import numpy as np
import pytest

from streamer.calibration import Calibration
from training.corpora import meld_prosody
from training.errors import TrainingError
from training.phonetics.prosody import Prosody
from training.prosody import Shown, judge, show
from training.runner import Scores
from training.samples import Sample, Split

SPLITS: tuple[Split, ...] = ("train", "calibration", "dev")


def sample(dialogue: int, utterance: int, speaker: str) -> Sample:
    return Sample(
        corpus="meld",
        key=f"dev_sent_emo.csv:dia{dialogue}_utt{utterance}",
        split="dev",
        emotion=(1, 0, 0, 0, 0, 0, 0),
        sentiment=(1, 0, 0),
        speaker=speaker,
    )


def loud(db: float) -> Prosody:
    return Prosody(1.0, db, 5.0, 27.5, 0.0, 0.0, float("nan"), 3.0)


def test_a_speaker_is_compared_with_what_was_heard_of_them_earlier_in_the_dialogue_and_nothing_else() -> None:
    said = [
        sample(0, 0, "Ross"),
        sample(0, 1, "Joey"),
        sample(0, 2, "Ross"),
        sample(0, 3, "Ross"),
        sample(1, 0, "Ross"),
    ]
    levels_db = (60.0, 90.0, 66.0, 70.0, 50.0)
    measured = {s.key: loud(db) for s, db in zip(said, levels_db, strict=True)}
    found = show(said, measured)["dev"].values
    np.testing.assert_array_equal(found[:, 1], levels_db)
    np.testing.assert_array_equal(found[:, 9], [np.nan, np.nan, 6.0, 7.0, np.nan])
    assert np.isnan(found[:, 6]).all()
    unheard = show(said, {})["dev"].values
    assert np.isnan(unheard).all()


def worlds(informative: bool) -> tuple[dict[Split, Shown], dict[Split, Scores]]:
    """Words that know a little; prosody that knows something, or nothing."""
    rng = np.random.default_rng(5)
    shown: dict[Split, Shown] = {}
    scores: dict[Split, Scores] = {}
    for split in SPLITS:
        labels = rng.integers(0, 7, 600)
        values = rng.standard_normal((600, 16))
        values[:, 3] += informative * (labels == 0) * 3.0
        values[rng.random(values.shape) < 0.05] = np.nan
        emotion = (rng.standard_normal((600, 7)) + np.eye(7)[labels]).astype(np.float32)
        shown[split] = Shown(values, labels)
        scores[split] = Scores(emotion, np.zeros((600, 3), np.float32), np.ones((600, 3), np.float32))
    return shown, scores


def test_prosody_that_tells_something_is_found_above_words_alone() -> None:
    found = judge(*worlds(informative=True), Calibration())
    assert found.choice.weight > 0.5
    assert found.difference.low > 0


def test_prosody_that_tells_nothing_is_not_claimed_to_help() -> None:
    found = judge(*worlds(informative=False), Calibration())
    assert found.difference.low <= 0


@pytest.mark.parametrize("text", ["loud", "1,2"])
def test_a_value_that_is_no_number_is_named_by_file_and_row(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "meld"
    folder.mkdir()
    header = (
        "filename,duration,avg_intensity,intensity_variation,avg_pitch,pitch_std,pitch_range,articulation_rate,mean_hnr"
    )
    (folder / "audio8_praat_train.csv").write_text(
        f'{header}\ndia0_utt0.wav,1,60,5,,0,0,,3\ndia0_utt1.wav,1,"{text}",5,,0,0,,3\n', encoding="utf-8"
    )
    with pytest.raises(TrainingError, match=rf"audio8_praat_train.csv:3: avg_intensity is '{text}'"):
        meld_prosody.read(tmp_path)
