"""How much silence Whisper needs after a sentence: word errors and seconds, with half a minute and with less.

    python benchmarks/whisper_silence.py --data ../shared/data --model ~/.cache/affect-streamer/models/tiny.en

Sentences of RAVDESS and CREMA-D, which are known by their file names; the clips are drawn once for all amounts of silence.
"""

import argparse
import random
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from streamer.asr.brief_whisper import ROOM_S, BriefWhisper
from streamer.asr.whisper import Whisper
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ
from streamer.settings import AsrSettings
from training.decode import decode

_HALF_A_MINUTE_S: Final = 30.0
_RAVDESS: Final = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
_CREMAD: Final = {
    "IEO": "it's eleven o'clock",
    "TIE": "that is exactly what happened",
    "IOM": "i'm on my way to the meeting",
    "IWW": "i wonder what this is about",
    "TAI": "the airplane is almost full",
    "MTI": "maybe tomorrow it will be cold",
    "IWL": "i would like a new alarm clock",
    "ITH": "i think i have a doctor's appointment",
    "DFA": "don't forget a jacket",
    "ITS": "i think i've seen this before",
    "TSI": "the surface is slick",
    "WSI": "we'll stop in a couple of minutes",
}


def words(text: str) -> list[str]:
    """In lower case, without punctuation; a number that one of the sentences has is spelt."""
    return re.sub(r"[^a-z' ]", "", text.lower().replace("11", "eleven")).split()


def word_errors(said: list[str], heard: list[str]) -> int:
    """Words put in, left out or changed, at least (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def sentence_of(corpus: str, file: Path) -> str:
    """What is said in a clip of RAVDESS or CREMA-D, by its name."""
    sentences, field = (_RAVDESS, 4) if corpus == "ravdess" else (_CREMAD, 1)
    return sentences[re.split("[-_]", file.stem)[field]]


def clips(data: Path, most: int) -> list[tuple[str, Float32, list[str]]]:
    """Corpus, sound and words of so many clips of each."""
    found = []
    for corpus, folder in (("RAVDESS", "ravdess"), ("CREMA-D", "cremad")):
        files = sorted((data / "audio" / folder).rglob("*.opus"))
        for file in random.Random(5).sample(files, min(most, len(files))):  # noqa: S311 - no secret
            said = words(sentence_of(folder, file))
            found.append((corpus, decode(file, SAMPLE_RATE_HZ), said))
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a folder with a model.bin")
    parser.add_argument("--silence", type=float, nargs="*", default=[_HALF_A_MINUTE_S, ROOM_S])
    parser.add_argument("--most", type=int, default=100, help="clips of each corpus")
    wanted = parser.parse_args(arguments)
    known = clips(wanted.data, wanted.most)
    whisper = Whisper(wanted.model, wanted.model.name, AsrSettings(language="en"), "cpu")
    whisper.wait_until_loaded()
    table = Table(
        "silence, s", "RAVDESS", "CREMA-D", "s each", title=f"{whisper.name}: word errors, {len(known)} clips"
    )
    for silence_s in wanted.silence:
        BriefWhisper.room_s = silence_s
        errors, spoken = defaultdict[str, int](int), defaultdict[str, int](int)
        begin_s = time.perf_counter()
        for corpus, sound, said in known:
            recognition = whisper.begin(0.0)
            recognition.push(sound)
            heard = recognition.finish(sound.shape[0] / SAMPLE_RATE_HZ).text
            errors[corpus] += word_errors(said, words(heard))
            spoken[corpus] += len(said)
        each_s = (time.perf_counter() - begin_s) / len(known)
        rates = (f"{errors[corpus] / max(1, spoken[corpus]):.3f}" for corpus in ("RAVDESS", "CREMA-D"))
        table.add_row(f"{silence_s:g}", *rates, f"{each_s:.2f}")
    whisper.close()
    Console().print(table)


if __name__ == "__main__":
    main()
