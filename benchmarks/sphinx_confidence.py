"""How much of what PocketSphinx says is right, and how well its confidence tells: `python -m benchmarks.sphinx_confidence [--each N]`.

Sentences that are known (RAVDESS, CREMA-D) and speech that is not English (nEMO, EMOVO: every word is wrong) go through the daemon's
own segmenting and recognition, speaker by speaker, each speaker a source. Prints the word error rate, how fast it decodes, how well
the confidence ranks (AUC: half of the words right or not), what a threshold lets pass, and the line that fits best, for
`streamer/asr/sphinx.py`. Fit and figures are on different halves of the speakers.
"""

import argparse
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.segmentation import read_waveform
from streamer.asr.sphinx import BIAS, SLOPE, PocketSphinx
from streamer.messages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)
from streamer.segment import Segment, open_voice_session
from streamer.settings import AsrSettings, SegmentSettings

RAVDESS = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
CREMAD = {
    "DFA": "don't forget a jacket",
    "IEO": "it's eleven o'clock",
    "IOM": "i'm on my way to the meeting",
    "ITH": "i think i have a doctor's appointment",
    "ITS": "i think i've seen this before",
    "IWL": "i would like a new alarm clock",
    "IWW": "i wonder what this is about",
    "MTI": "maybe tomorrow it will be cold",
    "TAI": "the airplane is almost full",
    "TIE": "that is exactly what happened",
    "TSI": "the surface is slick",
    "WSI": "we'll stop in a couple of minutes",
}


@dataclass(frozen=True)
class Sentence:
    """One recording and what is said in it; None where none of it is English."""

    corpus: str
    speaker: str
    path: Path
    words: str | None


@dataclass(frozen=True)
class Result:
    """What became of it."""

    sentence: Sentence
    text: str
    errors: int
    confidence: float
    duration_s: float

    @property
    def right(self) -> float:
        """Share of right words, in [0, 1]."""
        longest = max(len((self.sentence.words or "").split()), len(self.text.split()))
        return max(0.0, 1.0 - self.errors / longest)


def sentences(data: Path, each: int) -> list[Sentence]:
    """`each` of the English corpora and a third of it of the others, drawn with a fixed seed, in order of speakers."""
    audio = data / "audio"
    ravdess = [(p.stem.split("-"), p) for p in sorted((audio / "ravdess").glob("*.opus"))]
    cremad = [(p.stem.split("_"), p) for p in sorted((audio / "cremad").glob("*.opus"))]
    known = {
        "ravdess": [Sentence("ravdess", parts[6], p, RAVDESS[parts[4]]) for parts, p in ravdess],
        "cremad": [Sentence("cremad", parts[0], p, CREMAD[parts[1]]) for parts, p in cremad if parts[1] in CREMAD],
        "nemo": [Sentence("nemo", p.stem.split("_")[0], p, None) for p in sorted((audio / "nemo").glob("*.opus"))],
        "emovo": [Sentence("emovo", p.stem.split("-")[1], p, None) for p in sorted((audio / "emovo").glob("*.opus"))],
    }
    rng = np.random.default_rng(3)
    drawn = [
        all_of_it[at]
        for all_of_it in known.values()
        for at in rng.permutation(len(all_of_it))[: each if all_of_it[0].words else each // 3]
    ]
    return sorted(drawn, key=lambda s: (s.corpus, s.speaker))


def word_errors(reference: list[str], words: list[str]) -> int:
    """Levenshtein's distance in words."""
    row = list(range(len(words) + 1))
    for index, expected in enumerate(reference):
        before, row = row, [index + 1]
        for column, word in enumerate(words):
            row.append(min(before[column] + (expected != word), before[column + 1] + 1, row[column] + 1))
    return row[-1]


def recognise(sentence: Sentence, recogniser: PocketSphinx, segment: Segment, since_s: float) -> Result | None:
    """One recording, as its speaker's source goes on; None where no words came of it."""
    waveform = read_waveform(sentence.path)
    texts: list[str] = []
    confidences: list[float] = []
    recognition, start_s = None, 0.0
    chunks = [
        AudioChunk(since_s + at / SAMPLE_RATE_HZ, waveform[at : at + CHUNK_SAMPLES], 0.0)
        for at in range(0, waveform.shape[0], CHUNK_SAMPLES)
    ]
    events = [event for chunk in chunks for event in segment.push(chunk)] + list(segment.flush())
    for event in events:
        match event:
            case SpeechStarted(start_s=start_s):
                recognition = recogniser.begin(start_s, source=sentence.speaker, in_step=True)
                recognition.push(event.waveform)
            case SpeechContinued(waveform=samples) if recognition:
                recognition.push(samples)
            case SpeechPaused() if recognition:
                recognition.speculate()
            case SpeechResumed() if recognition:
                recognition.resume()
            case SpeechEnded() if recognition:
                transcript = recognition.finish(event.end_s - start_s)
                texts.append(transcript.text)
                confidences += [] if transcript.confidence is None else [transcript.confidence]
    text = " ".join(filter(None, texts))
    if not text:
        return None
    errors = word_errors(sentence.words.split(), text.split()) if sentence.words else len(text.split())
    return Result(sentence, text, errors, sum(confidences) / len(confidences), chunks[-1].time_s - since_s)


def run(chosen: list[Sentence]) -> tuple[list[Result], float]:
    """All of them, and the processor time that the decoders took per second of recording."""
    session = open_voice_session()
    results: list[Result] = []
    by_speaker = groupby(track(chosen, "recognising"), key=lambda sentence: (sentence.corpus, sentence.speaker))
    for _, spoken in by_speaker:
        recogniser, segment = PocketSphinx(AsrSettings()), Segment(SegmentSettings(), session)
        for index, sentence in enumerate(spoken):
            if result := recognise(sentence, recogniser, segment, since_s=100.0 * index):
                results.append(result)
        recogniser.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return results, (used.ru_utime + used.ru_stime) / sum(result.duration_s for result in results)


def auc(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """How often a good one scores higher than a bad one."""
    above = scores[good][:, None] - scores[~good][None, :]
    return float(np.mean(np.where(above == 0, 0.5, above > 0)))


def fit(logits: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """The line through logits that makes their sigmoid the share of right words (Newton's method, a trace of ridge)."""
    inputs = np.stack([logits, np.ones_like(logits)], axis=1)
    line = np.zeros(2)
    for _ in range(50):
        predicted = 1 / (1 + np.exp(-inputs @ line))
        gradient = inputs.T @ (right - predicted) - 1e-3 * line
        hessian = (inputs * (predicted * (1 - predicted))[:, None]).T @ inputs + 1e-3 * np.eye(2)
        line = line + np.linalg.solve(hessian, gradient)
    return float(line[0]), float(line[1])


def rows(results: list[Result]) -> Iterator[tuple[str, ...]]:
    """A line for each corpus."""
    for corpus in dict.fromkeys(result.sentence.corpus for result in results):
        of_it = [result for result in results if result.sentence.corpus == corpus]
        passed = [result for result in of_it if result.confidence >= AsrSettings().min_confidence]
        words = sum(len((result.sentence.words or "").split()) for result in of_it)
        yield (
            corpus,
            str(len(of_it)),
            f"{sum(result.errors for result in of_it) / words:.1%}" if words else "–",
            f"{np.mean([result.right for result in of_it]):.1%}",
            f"{np.mean([result.confidence for result in of_it]):.2f}",
            f"{len(passed) / len(of_it):.1%}",
            f"{np.mean([result.right for result in passed]):.1%}" if passed else "–",
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--each", type=int, default=60, help="recordings of each corpus")
    arguments = parser.parse_args()
    results, seconds_per_second = run(sentences(arguments.data, arguments.each))
    console = Console()
    table = Table("corpus", "recordings", "word errors", "right words", "confidence", "pass 0.5", "right of those")
    for row in rows(results):
        table.add_row(*row)
    console.print(table)
    confidences = np.array([result.confidence for result in results]).clip(1e-3, 1 - 1e-3)
    right = np.array([result.right for result in results])
    logits = np.log(confidences / (1 - confidences))
    speakers = list(dict.fromkeys(result.sentence.speaker for result in results))
    held_out = np.array([speakers.index(result.sentence.speaker) % 2 == 1 for result in results])
    slope, bias = fit(logits[~held_out], right[~held_out])
    console.print(f"processor time of decoding: {seconds_per_second:.3f} s per second of recording")
    console.print(
        f"AUC of the confidence, other half of the speakers: {auc(confidences[held_out], right[held_out] >= 0.5):.3f}"
    )
    console.print(f"best line: SLOPE {slope * SLOPE:.2f}, BIAS {slope * BIAS + bias:.2f} (now {SLOPE}, {BIAS})")


if __name__ == "__main__":
    main()
