"""What following faces costs, and how well the speaking face is told.

`python benchmarks/faces.py` prints CPU time of the faces stage (detection, following, mouths, crops; not decoding) per second of
640x480 video at 25 pictures a second, for each detector, with one face, two and none.

`python benchmarks/faces.py --speaker` prints how often the speaker is named. The voice is cut as the daemon cuts it. Own voice: a clip's
utterances over its own face. Another's voice: laid over a face while that face talks, which nobody but its listeners could tell from
dubbing. Silent face: a voice over a face that says nothing. Beside another: the clip's face and, beside it, a face that talks with
somebody else's words. Half of the clips set the constants of `streamer/faces/speaking.py`; the other half are the report.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from streamer.faces import LEAD_IN_S, FaceDetector, FaceWatch, SpeakerChoice, choose_speaker, open_detector
from streamer.faces.yunet import YuNetDetector
from streamer.features import FaceCropSpec
from streamer.features.arrays import UInt8
from streamer.messages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    FaceSighting,
    Heard,
    SpeechEnded,
    SpeechStarted,
    VideoFrame,
)
from streamer.segment import Segment, open_voice_session
from streamer.settings import FaceSettings, SegmentSettings

CALIBRATION: Final = {
    "M003_level_1_happy_024",
    "W015_level_1_neutral_030",
    "address_20s",
    "01-01-01-01-01-01-01",
    "01-01-01-01-02-01-01",
    "01-01-08-01-01-02-01",
}
PIECE_S: Final = 3.0
"""Longer utterances are also judged in pieces of about this length."""
SILENT_S: Final = 0.7
"""RAVDESS's actors say nothing for this long at the begin of a clip."""


@dataclass(frozen=True)
class Clip:
    """What the stages made of one clip."""

    name: str
    sightings: list[FaceSighting]
    heard: list[Heard]
    spans: list[tuple[float, float]]
    """Begin and end of utterances and of their pieces."""

    @property
    def calibrates(self) -> bool:
        """Whether it set the constants."""
        return self.name in CALIBRATION


def main() -> None:
    """Parse the arguments, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--speaker", action="store_true", help="who speaks, instead of what it costs")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    Console().print(_speakers(arguments.data) if arguments.speaker else _costs(arguments.data))


def _detectors(data: Path) -> Iterator[FaceDetector]:
    yield YuNetDetector(data / "models" / "face_detection_yunet.onnx")
    haar, _ = open_detector(FaceSettings(detector="haar"))
    if haar is not None:
        yield haar


def _costs(data: Path) -> Table:
    table = Table(
        "pictures", "detector", "CPU ms per s of video", "median of 3", title="Faces stage, 640x480 at 25/s, one core"
    )
    clips = data / "av" / "faces"
    one = _pictures(clips / "address_20s.mp4", 10.0, square=True)
    close = _pictures(clips / "address_8s.mp4", 8.0, square=True)
    two = _pictures(clips / "debate_four_faces.avi", 8.0, square=False)
    empty = [np.ascontiguousarray(picture[:, :200]) for picture in close]
    scenes = {"one face": one, "one face, close": close, "two faces": two, "none (a flag)": [_wide(p) for p in empty]}
    for name, pictures in scenes.items():
        for detector in _detectors(data):
            runs = [_cpu_ms_per_s(detector, pictures) for _ in range(3)]
            table.add_row(name, detector.name, " ".join(f"{ms:.0f}" for ms in runs), f"{statistics.median(runs):.0f}")
    return table


def _cpu_ms_per_s(detector: FaceDetector, pictures: Sequence[UInt8]) -> float:
    watch = FaceWatch(detector, FaceCropSpec(), FaceSettings())
    begin = time.thread_time()
    for number, picture in enumerate(pictures):
        watch.step(VideoFrame.of(number / 25, picture))
    return (time.thread_time() - begin) * 1000 / (len(pictures) / 25)


def _pictures(path: Path, seconds: float, *, square: bool) -> list[UInt8]:
    """640x480; a square picture is set between bars, so that the face keeps its shape."""
    with av.open(str(path)) as container:
        frames = itertools.takewhile(lambda frame: float(frame.time or 0) < seconds, container.decode(video=0))
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    return [_wide(picture) if square else _resized(picture, 640, 480) for picture in pictures]


def _wide(picture: UInt8) -> UInt8:
    width = round(480 * picture.shape[1] / picture.shape[0])
    bars = (640 - width) // 2
    inner = _resized(picture, width, 480)
    return np.asarray(cv2.copyMakeBorder(inner, 0, 0, bars, 640 - width - bars, cv2.BORDER_REFLECT), np.uint8)


def _resized(picture: UInt8, width: int, height: int) -> UInt8:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _speakers(data: Path) -> Table:
    table = Table("case", "detector", "calibration: named / cases", "report: named / cases", title="The speaking face")
    paths = sorted((data / "av" / "faces").glob("*.mp4")) + sorted((data / "av" / "ravdess").glob("*.mp4"))
    for detector in _detectors(data):
        clips = [_clip(path, detector) for path in paths]
        rows: dict[str, dict[bool, list[bool]]] = {}
        for case, calibrates, named in _cases(clips):
            rows.setdefault(case, {True: [], False: []})[calibrates].append(named)
        for case, named_in in rows.items():
            told = [
                f"{sum(named)} / {len(named)} ({np.mean(named):.0%})" if named else "-" for named in named_in.values()
            ]
            table.add_row(case, detector.name, *told)
        debate = _clip(data / "av" / "faces" / "debate_four_faces.avi", detector)
        choices = [_choose(debate.sightings, debate.heard, *span) for span in debate.spans]
        outcome = "; ".join(f"{choice.reason or f'track {choice.track_id} ({choice.score:.2f})'}" for choice in choices)
        table.add_row("debate, both talk at once", detector.name, "-", outcome)
    return table


def _cases(clips: Sequence[Clip]) -> Iterator[tuple[str, bool, bool]]:
    """Case, whether a clip that set the constants is in it, and whether the right (own) or wrong (other cases) face was named."""
    for clip in clips:
        for begin_s, end_s in clip.spans:
            choice = _choose(clip.sightings, clip.heard, begin_s, end_s)
            yield "own voice (to be named)", clip.calibrates, choice.track_id == _main_track(clip)
        for other in clips:
            # One actor's clips say the same two sentences in the same rhythm: no other's voice.
            if other is clip or (other.name[:2] == clip.name[:2] == "01") or other.calibrates != clip.calibrates:
                continue
            yield from _with_another(clip, other)


def _with_another(clip: Clip, other: Clip) -> Iterator[tuple[str, bool, bool]]:
    last_s = clip.sightings[-1].time_s
    for begin_s, end_s in other.spans:
        for own_begin_s, own_end_s in clip.spans:
            shift_s = (own_begin_s + own_end_s - begin_s - end_s) / 2
            if begin_s + shift_s < 0 or end_s + shift_s > last_s + 0.2:
                continue
            choice = _choose(clip.sightings, _later(other.heard, shift_s), begin_s + shift_s, end_s + shift_s)
            yield "another's voice, talking face (not to be named)", clip.calibrates, choice.track_id is not None
        if clip.name.startswith("01-") and end_s - begin_s > SILENT_S:
            middle_s = (begin_s + end_s) / 2
            silent = [s for s in clip.sightings if s.time_s < SILENT_S]
            heard = _later(other.heard, -middle_s + SILENT_S / 2)
            choice = choose_speaker(silent, [h for h in heard if 0 <= h.time_s <= SILENT_S])
            yield "another's voice, silent face (not to be named)", clip.calibrates, choice.track_id is not None
    main = _main_track(clip)
    for begin_s, end_s in clip.spans:
        middle_s = (begin_s + end_s) / 2
        for their_begin_s, their_end_s in other.spans:
            shift_s = middle_s - (their_begin_s + their_end_s) / 2
            if their_end_s - their_begin_s < 0.8 * (end_s - begin_s):
                continue
            beside = [replace(s, time_s=s.time_s + shift_s, track_id=s.track_id + 1000) for s in other.sightings]
            both = sorted([*clip.sightings, *beside], key=lambda s: s.time_s)
            choice = _choose(both, clip.heard, begin_s, end_s)
            yield "beside another talking face: right one", clip.calibrates, choice.track_id == main
            yield "beside another talking face: wrong one", clip.calibrates, choice.track_id not in {main, None}


def _choose(sightings: Sequence[FaceSighting], heard: Sequence[Heard], begin_s: float, end_s: float) -> SpeakerChoice:
    return choose_speaker(
        [s for s in sightings if begin_s - LEAD_IN_S <= s.time_s <= end_s],
        [h for h in heard if begin_s - LEAD_IN_S <= h.time_s <= end_s],
    )


def _later(heard: Sequence[Heard], shift_s: float) -> list[Heard]:
    return [Heard(chunk.time_s + shift_s, chunk.speech_prob, chunk.level_dbfs) for chunk in heard]


def _main_track(clip: Clip) -> int:
    return statistics.mode(s.track_id for s in clip.sightings)


def _clip(path: Path, detector: FaceDetector) -> Clip:
    watch = FaceWatch(detector, FaceCropSpec(), FaceSettings())
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if picture.shape[1] > 640:  # as capture does
                picture = _resized(picture, 640, round(picture.shape[0] * 640 / picture.shape[1]))
            watch.step(VideoFrame.of(float(frame.time or 0), picture))
    segment = Segment(SegmentSettings(), open_voice_session())
    events = [event for chunk in _sound(path) for event in segment.push(chunk)] + list(segment.flush())
    begins = [event.start_s for event in events if isinstance(event, SpeechStarted)]
    ends = [event.end_s for event in events if isinstance(event, SpeechEnded)]
    spans = [span for begin_s, end_s in zip(begins, ends, strict=True) for span in _pieces(begin_s, end_s)]
    return Clip(path.stem, watch.ring.between(0, 1000), [e for e in events if isinstance(e, Heard)], spans)


def _pieces(begin_s: float, end_s: float) -> list[tuple[float, float]]:
    edges = np.linspace(begin_s, end_s, max(1, round((end_s - begin_s) / PIECE_S)) + 1)
    pieces = [(float(a), float(b)) for a, b in itertools.pairwise(edges)]
    return pieces if len(pieces) == 1 else [*pieces, (begin_s, end_s)]


def _sound(path: Path) -> Iterator[AudioChunk]:
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        blocks = [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    waveform = np.concatenate(blocks).astype(np.float32)
    for begin in range(0, len(waveform), CHUNK_SAMPLES):
        yield AudioChunk(begin / SAMPLE_RATE_HZ, waveform[begin : begin + CHUNK_SAMPLES], 0.0)


if __name__ == "__main__":
    main()
