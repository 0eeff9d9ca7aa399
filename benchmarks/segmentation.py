"""How well utterances cover what people labelled as speech: `python -m benchmarks.segmentation [--data FOLDER] [--set onset=0.5 …]`.

Every `*.flac` and `*.mp4` of the folder that an RTTM file speaks of is heard at 32 ms a chunk by the daemon's own segment stage. Miss:
share of the labelled speech that is in no utterance. False alarm: share of the labelled silence that is in one. Frames of 10 ms. The
interval is that of a bootstrap over blocks of two seconds (95 %). Delay: from the labelled end of speech to the decision. Pauses: silences
at which words are recognised on trust; those that did not become the end were for nothing (`--set pause_s=0.128`, `--data streamer/demo`).
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, Heard, SpeechEnded, SpeechPaused, SpeechStarted
from streamer.segment import Segment
from streamer.segment.voice_activity import open_voice_session
from streamer.settings import PAUSE_S, SegmentSettings

FRAME_S = 0.01
BLOCK_FRAMES = 200
Bools = NDArray[np.bool_]
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Outcome:
    """One recording: what is speech, what the utterances cover with and without padding, and how late each end was decided."""

    name: str
    speech: Bools
    covered: Bools
    covered_unpadded: Bools
    utterances: int
    delays_s: list[float]
    pauses: int
    ends: int
    """Of utterances that silence ended."""


class Hearing(NamedTuple):
    """What the segment stage made of a recording."""

    spans: Spans
    decided: list[tuple[float, float]]
    """(end of voice, time of decision) of each utterance that silence ended."""
    pauses: int


def read_waveform(path: Path) -> Float32:
    """[samples], mono, 16 kHz."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def read_rttm(folder: Path) -> dict[str, Spans]:
    """Recording -> spans of speech in seconds, of all speakers."""
    spans: dict[str, Spans] = {}
    for path in sorted(folder.glob("*.rttm")):
        for line in path.read_text(encoding="utf-8").splitlines():
            _, recording, _, start_s, duration_s, *_ = line.split()
            spans.setdefault(recording, []).append((float(start_s), float(start_s) + float(duration_s)))
    return spans


def frames_of(spans: Spans, count: int) -> Bools:
    """Which frames of 10 ms lie in one of the spans."""
    inside = np.zeros(count, np.bool_)
    for start_s, end_s in spans:
        inside[round(start_s / FRAME_S) : round(end_s / FRAME_S)] = True
    return inside


def hear(waveform: Float32, settings: SegmentSettings) -> Hearing:
    """A recording from its begin to its end."""
    segment = Segment(settings, open_voice_session())
    spans: Spans = []
    decided: list[tuple[float, float]] = []
    start_s = heard_s = 0.0
    pauses = 0
    for position in range(0, waveform.shape[0], CHUNK_SAMPLES):
        chunk = AudioChunk(position / SAMPLE_RATE_HZ, waveform[position : position + CHUNK_SAMPLES], 0.0)
        for event in segment.push(chunk):
            match event:
                case Heard(time_s=heard_s):
                    pass
                case SpeechStarted(start_s=start_s):
                    pass
                case SpeechPaused():
                    pauses += 1
                case SpeechEnded(end_s=end_s, speech_end_s=speech_end_s):
                    spans.append((start_s, end_s))
                    if heard_s - speech_end_s >= (settings.pause_s or PAUSE_S):  # not a cut
                        decided.append((speech_end_s, heard_s))
    spans += [(start_s, event.end_s) for event in segment.flush() if isinstance(event, SpeechEnded)]
    return Hearing(spans, decided, pauses)


def delays(speech: Spans, decided: list[tuple[float, float]], min_silence_s: float) -> list[float]:
    """From each labelled end that a silence follows to the decision, where an utterance's voice ended within half a second of it."""
    ends = [end for _, end in speech if not any(s - min_silence_s < end < e for s, e in speech)]
    nearest = [(end, min(decided, key=lambda d: abs(d[0] - end), default=(1e9, 0.0))) for end in ends]
    return [decided_s - end for end, (voice_end_s, decided_s) in nearest if abs(voice_end_s - end) < 0.5]


def rates(speech: Bools, covered: Bools) -> tuple[float, float]:
    """(miss, false alarm), NaN where there is nothing to miss or to raise."""
    missed = float(np.mean(~covered[speech])) if speech.any() else float("nan")
    return missed, float(np.mean(covered[~speech])) if (~speech).any() else float("nan")


def interval(speech: Bools, covered: Bools, seed: int = 0) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % intervals of miss and false alarm over resampled blocks."""
    blocks = [slice(i, i + BLOCK_FRAMES) for i in range(0, speech.shape[0], BLOCK_FRAMES)]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(1000):
        chosen = [blocks[i] for i in rng.integers(0, len(blocks), len(blocks))]
        drawn.append(rates(np.concatenate([speech[b] for b in chosen]), np.concatenate([covered[b] for b in chosen])))
    (miss_low, false_low), (miss_high, false_high) = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    return (float(miss_low), float(miss_high)), (float(false_low), float(false_high))


def measure(folder: Path, settings: SegmentSettings) -> list[Outcome]:
    """All recordings of a folder that are labelled. `ami_trn00.flac` is `trn00` in its RTTM."""
    unpadded = settings.model_copy(update={"pad_s": 0.0})
    outcomes = []
    for name, speech_spans in sorted(read_rttm(folder).items()):
        path = next(path for path in sorted(folder.glob(f"*{name}.*")) if path.suffix in {".flac", ".mp4"})
        waveform = read_waveform(path)
        count = round(waveform.shape[0] / SAMPLE_RATE_HZ / FRAME_S)
        heard = hear(waveform, settings)
        outcomes.append(
            Outcome(
                name=path.stem,
                speech=frames_of(speech_spans, count),
                covered=frames_of(heard.spans, count),
                covered_unpadded=frames_of(hear(waveform, unpadded).spans, count),
                utterances=len(heard.spans),
                delays_s=delays(speech_spans, heard.decided, settings.min_silence_s),
                pauses=heard.pauses,
                ends=len(heard.decided),
            )
        )
    return outcomes


def table_of(outcomes: list[Outcome]) -> Table:
    """For people."""
    table = Table(
        "recording", "speech", "utterances", "miss", "false alarm", "miss, no padding", "false alarm, no padding"
    )
    for outcome in outcomes:
        figures = (*rates(outcome.speech, outcome.covered), *rates(outcome.speech, outcome.covered_unpadded))
        table.add_row(
            outcome.name,
            f"{outcome.speech.sum() * FRAME_S:.1f} s",
            str(outcome.utterances),
            *("–" if np.isnan(figure) else f"{figure:.1%}" for figure in figures),
        )
    speech = np.concatenate([outcome.speech for outcome in outcomes])
    cells = []
    for covered in ([o.covered for o in outcomes], [o.covered_unpadded for o in outcomes]):
        joined = np.concatenate(covered)
        for rate, (low, high) in zip(rates(speech, joined), interval(speech, joined), strict=True):
            cells.append(f"{rate:.1%} [{low:.1%}, {high:.1%}]")
    table.add_section()
    table.add_row("all", f"{speech.sum() * FRAME_S:.1f} s", str(sum(o.utterances for o in outcomes)), *cells)
    return table


def main() -> None:
    """Print the table and the delays."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "av" / "conversation"
    parser.add_argument("--data", type=Path, default=default, help="folder of *.flac and *.rttm")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=NUMBER", help="other segment settings than the default"
    )
    arguments = parser.parse_args()
    changed = {key: json.loads(value) for key, value in (pair.split("=") for pair in arguments.set)}
    outcomes = measure(arguments.data, SegmentSettings(**changed))
    console = Console()
    console.print(table_of(outcomes))
    console.print(
        f"pauses: {sum(o.pauses for o in outcomes)}; utterances that silence ended: {sum(o.ends for o in outcomes)}"
    )
    delays_s = np.concatenate([outcome.delays_s for outcome in outcomes])
    if delays_s.size:
        p50, p95 = np.percentile(delays_s, [50, 95])
        console.print(
            f"end of speech -> decision: p50 {p50 * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms over {delays_s.size} ends"
        )


if __name__ == "__main__":
    main()
