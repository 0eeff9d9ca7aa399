"""A folder like ../shared/data, small and made: enough of every corpus for a training of the smallest size."""

import csv
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streamer.features.arrays import Float32
from streamer.labels import EMOTIONS, SENTIMENTS_OF

_RATE_HZ = 48_000
_WORDS = ("oh", "no", "yes", "really", "I", "can't", "believe", "it", "there", "you", "are")


def make(folder: Path) -> Path:
    """Write it, the same each time."""
    rng = np.random.default_rng(0)
    for split, dialogues in (("train", 12), ("dev", 3)):
        _meld(folder / "meld" / f"{split}_sent_emo.csv", dialogues, rng)
    for actor in ("01", "02", "15", "17"):
        for emotion in range(1, 9):
            clip(
                folder / "audio" / "ravdess" / f"03-01-{emotion:02d}-01-01-01-{actor}.opus",
                0.4 + 0.1 * emotion,
                100.0 * emotion,
            )
    for name in ("1001_DFA_ANG_XX", "1061_DFA_HAP_XX", "1069_DFA_SAD_XX", "1070_DFA_NEU_XX"):
        clip(folder / "audio" / "cremad" / f"{name}.opus", 0.5, 200.0)
    for name in ("EB0_anger_1", "TP0_fear_1", "WR0_neutral_1", "WR0_happiness_1"):
        clip(folder / "audio" / "nemo" / f"{name}.opus", 0.5, 300.0)
    for name in ("rab-f1-n1", "gio-f3-n1", "neu-m3-n1"):
        clip(folder / "audio" / "emovo" / f"{name}.opus", 0.5, 400.0)
    _ferplus(folder / "faces" / "ferplus.parquet", rng)
    return folder


def clip(path: Path, seconds: float, tone_hz: float) -> None:
    """A tone as mono Opus."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples: Float32 = (0.2 * np.sin(2 * np.pi * tone_hz * np.arange(round(seconds * _RATE_HZ)) / _RATE_HZ)).astype(
        np.float32
    )
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=_RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = _RATE_HZ
        resampler = av.AudioResampler("flt", "mono", _RATE_HZ, frame_size=960)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def _meld(path: Path, dialogues: int, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"])
        for dialogue in range(dialogues):
            for utterance in range(4):
                emotion = EMOTIONS[(dialogue + utterance) % 7]
                words = " ".join(rng.choice(_WORDS, size=int(rng.integers(1, 9))))
                sentiment = SENTIMENTS_OF[emotion][0]
                writer.writerow(
                    [1, f"{words}!", ("Ross", "Joey")[utterance % 2], emotion, sentiment, dialogue, utterance]
                )


def _ferplus(path: Path, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 60
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    votes = {name: np.zeros(rows, np.int8) for name in names}
    images = []
    for row in range(rows):
        votes[names[row % 8]][row] = 8
        votes["neutral"][row] += 2
        images.append(cv2.imencode(".webp", rng.integers(0, 255, (48, 48), dtype=np.uint8))[1].tobytes())
    split = ["dev" if row % 5 == 4 else "train" for row in range(rows)]
    pq.write_table(
        pa.table({"name": [str(r) for r in range(rows)], "split": split, "image_webp": images, **votes}), path
    )
