"""The daemon against the plain way, on the same clip in the same run.

    python benchmarks/against_torch.py

The plain way records the utterance and does everything when it is over: recognise the words, find the face in 16 pictures, compute the
log-mel, run BERT base, R3D-18 and a Conv1d network in torch (eager, all cores), fuse. Weights are random: they do not change the time.
Decoding of the file is not counted, nor is the capture. The daemon is `streamer run` in its own process, read by a subscriber in this one.

Both wait for the same silence before they know that the utterance is over; the table has the time from the end of speech, which holds that
silence, and the time from the decision, which is the work that is left to do then.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import av
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from exporters.graphs import random_inputs
from models.network import Network
from streamer.asr.sphinx import PocketSphinx
from streamer.bench import Recording
from streamer.bench.latency import SEGMENT, measure_latency
from streamer.bench.report import Latency
from streamer.bench.truth import Turn, read_turns
from streamer.cli.demo import CLIP
from streamer.faces.haar import HaarDetector
from streamer.features import FaceCropSpec, LogMelSpec
from streamer.features.arrays import Float32, UInt8
from streamer.labels import MODALITIES
from streamer.messages import SAMPLE_RATE_HZ
from streamer.settings import AsrSettings
from training.recipes import find
from training.recipes.recipe import Size

PIECES_PER_WORD: Final = 1.3
COLUMNS: Final = ("median, ms", "plain way", "daemon", "times less")
STEPS: Final = ("asr", "faces", "log-mel", "text network", "audio network", "video network", "fusion")


class Plain:
    """Everything after the end."""

    def __init__(self, size: Size) -> None:
        torch.manual_seed(0)
        self._network = Network(find("bert-r3d-cnn", size).network).eval()
        self._recogniser = PocketSphinx(AsrSettings())
        self._detector = HaarDetector()
        specs = {m: encoding.spec for m, encoding in self._network.config.encodings.items()}
        self._mel, self._face = specs["audio"], specs["video"]
        self.took_ms: dict[str, list[float]] = {step: [] for step in STEPS}

    def judge(self, waveform: Float32, frames: list[UInt8]) -> None:
        """[samples] and the pictures of one utterance."""
        if not isinstance(self._mel, LogMelSpec) or not isinstance(self._face, FaceCropSpec):
            raise TypeError("the recipe bert-r3d-cnn hears log-mel and sees face crops")
        with self._step("asr"):
            recognition = self._recogniser.begin(0.0, in_step=True)
            recognition.push(waveform)
            words = recognition.finish(len(waveform) / SAMPLE_RATE_HZ).text.split()
        with self._step("faces"):
            picked = [frames[i] for i in self._face.pick(len(frames))]
            boxes = [found[0].bbox_xyxy_px if (found := self._detector.detect(f)) else (0, 0, 9, 9) for f in picked]
            crops = np.stack([self._face.crop(f, box) for f, box in zip(picked, boxes, strict=True)])
        with self._step("log-mel"):
            mel = torch.from_numpy(self._mel.extract(waveform)[None])
        with torch.inference_mode():
            with self._step("text network"):
                steps = round(len(words) * PIECES_PER_WORD) + 2
                text = self._network.encode("text", *random_inputs(self._network, "text", batch=1, steps=steps, seed=0))
            with self._step("audio network"):
                audio = self._network.encode("audio", mel, torch.ones(mel.shape[:2]))
            with self._step("video network"):
                tensor = torch.from_numpy(self._face.tensor(crops)[None])
                video = self._network.encode("video", tensor, torch.ones(tensor.shape[:2]))
            with self._step("fusion"):
                encoded = {"text": text, "audio": audio, "video": video}
                parts = [encoded[m] for m in MODALITIES]
                self._network.fuse(*(e.embedding for e in parts), *(e.mask for e in parts))

    def close(self) -> None:
        """End the recogniser's process."""
        self._recogniser.close()

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.took_ms[name].append((time.perf_counter() - begin) * 1000)


def utterances(clip: Path, turns: list[Turn]) -> Iterator[tuple[Float32, list[UInt8]]]:
    """Sound and pictures of each turn, with the daemon's padding."""
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
        sounds = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    waveform = np.concatenate(sounds)
    with av.open(str(clip)) as container:
        pictures = [
            (float(f.time or 0), np.asarray(f.to_ndarray(format="rgb24"), np.uint8)) for f in container.decode(video=0)
        ]
    for turn in turns:
        start_s, end_s = turn.start_s - SEGMENT.pad_s, turn.end_s + SEGMENT.pad_s
        sound = waveform[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
        yield np.asarray(sound, np.float32), [image for time_s, image in pictures if start_s <= time_s <= end_s]


def rows_of(plain: Plain, daemon: Latency) -> list[tuple[str, ...]]:
    """Medians in milliseconds, and how many times less the daemon takes."""
    took = plain.took_ms
    work_ms = median([sum(steps) for steps in zip(*took.values(), strict=True)])
    faceless_ms = median([sum(steps) for steps in zip(*(took[s] for s in STEPS if s != "faces"), strict=True)])
    left_ms, result_ms = daemon.endpoint_to_received_ms.p50, daemon.speech_end_to_received_ms.p50
    known_ms = result_ms - left_ms
    foretold = daemon.speech_end_to_provisional_ms
    rows: list[tuple[str, ...]] = [(name, f"{median(values):.1f}", "", "") for name, values in took.items()]
    for name, one, other in (
        ("from the decision that it is over to the result", work_ms, left_ms),
        ("… without the search for faces", faceless_ms, left_ms),
        ("from the end of speech to the decision: the silence", known_ms, known_ms),
        ("from the end of speech to the result", known_ms + work_ms, result_ms),
        ("… without the search for faces", known_ms + faceless_ms, result_ms),
    ):
        rows.append((name, f"{one:.1f}", f"{other:.1f}", f"{one / other:.1f}"))
    if foretold is not None:
        plain_ms, other = known_ms + work_ms, foretold.p50
        name = "from the end of speech to the provisional result, which the plain way does not have"
        rows.append((name, f"{plain_ms:.1f}", f"{other:.1f}", f"{plain_ms / other:.1f}"))
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Both, one after the other: they would disturb each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("full", "tiny"), default="full", help="of the torch networks")
    parser.add_argument("--out", type=Path, help="JSON file with the rows of the table")
    parser.add_argument("--data", help="taken for the sake of `make bench`; not used")
    wanted: Any = parser.parse_args(arguments)
    recording = Recording(CLIP, CLIP.with_suffix(".rttm"))
    turns = read_turns(recording.truth, closer_than_s=SEGMENT.min_silence_s)
    plain = Plain(wanted.size)
    spoken = list(utterances(recording.path, turns))
    plain.judge(*spoken[0])  # the first run of anything is slow
    for taken in plain.took_ms.values():
        taken.clear()
    for waveform, frames in spoken:
        plain.judge(waveform, frames)
    plain.close()
    latency = measure_latency([recording], asr="pocketsphinx", tell=lambda _: None)
    rows = rows_of(plain, latency)
    table = Table(*COLUMNS, title=f"{latency.heard} utterances, torch on {torch.get_num_threads()} threads")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if wanted.out:
        wanted.out.write_text(
            json.dumps({"columns": COLUMNS, "rows": rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
