"""FERPlus from FER2013's and its own files says what the table says."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from streamer.features.arrays import UInt8
from training.corpora import ferplus
from training.errors import TrainingError

LABELS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
USAGE = {"train": "Training", "dev": "PublicTest"}


def _grey(encoded: bytes | None) -> UInt8:
    found = cv2.imdecode(np.frombuffer(encoded or b"", np.uint8), cv2.IMREAD_GRAYSCALE)
    assert found is not None
    return np.asarray(found, np.uint8)


@pytest.fixture
def faces(made_data: Path, tmp_path: Path) -> Path:
    """The made table as two CSV files, with a picture among them that FERPlus left out."""
    table = pq.read_table(made_data / "faces" / "ferplus.parquet").to_pylist()
    folder = tmp_path / "faces"
    folder.mkdir()
    with (folder / "fer2013.csv").open("w", newline="") as pictures, (folder / "fer2013new.csv").open("w") as votes:
        shown, rated = csv.writer(pictures), csv.writer(votes)
        shown.writerow(["emotion", "pixels", "Usage"])
        rated.writerow(["Usage", "Image name", *LABELS])
        for number, row in enumerate(table):
            if number == 3:
                shown.writerow([0, " ".join(["7"] * 48 * 48), "Training"])
                rated.writerow(["Training", "", *[0] * 9, 10])
            pixels = " ".join(map(str, _grey(row["image_webp"]).ravel()))
            shown.writerow([0, pixels, USAGE[row["split"]]])
            rated.writerow([USAGE[row["split"]], row["name"], *[row[label] for label in LABELS]])
    return folder


def test_both_files_together_give_the_samples_of_the_table(faces: Path, made_data: Path) -> None:
    found, expected = ferplus.read(faces.parent), ferplus.read(made_data)
    assert [(s.key, s.split, s.emotion, s.sentiment) for s in found] == [
        (s.key, s.split, s.emotion, s.sentiment) for s in expected
    ]
    assert all(np.array_equal(_grey(one.face), _grey(other.face)) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("fer2013.csv", "7 7 7", "7 7", r"fer2013\.csv:5: no 48 x 48 grey levels"),
        ("fer2013.csv", "Training", "Exercise", r"fer2013\.csv:2: unknown label 'Exercise'"),
        ("fer2013new.csv", ",10,", ",ten,", r"fer2013new\.csv:\d+: .*'ten'; votes are whole numbers"),
        ("fer2013new.csv", "Image name", "Name", r"fer2013new\.csv: no column 'Image name'"),
    ],
)
def test_a_damaged_file_is_told_by_its_line(faces: Path, file: str, old: str, new: str, message: str) -> None:
    path = faces / file
    if file == "fer2013.csv" and old == "7 7 7":  # of a picture that is used
        votes = (faces / "fer2013new.csv").read_text().replace("Training,,", "Training,x,", 1)
        (faces / "fer2013new.csv").write_text(votes)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(TrainingError, match=message):
        ferplus.read(faces.parent)


def test_files_of_different_lengths_and_missing_ones_are_told(faces: Path) -> None:
    lines = (faces / "fer2013new.csv").read_text().splitlines()
    (faces / "fer2013new.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(TrainingError, match=r"fer2013\.csv and fer2013new\.csv have different numbers of rows"):
        ferplus.read(faces.parent)
    (faces / "fer2013new.csv").unlink()
    with pytest.raises(TrainingError, match=r"fer2013new\.csv: not there"):
        ferplus.read(faces.parent)
    (faces / "fer2013.csv").unlink()
    with pytest.raises(TrainingError, match=r"ferplus\.parquet: not there, nor fer2013\.csv and fer2013new\.csv"):
        ferplus.read(faces.parent)
