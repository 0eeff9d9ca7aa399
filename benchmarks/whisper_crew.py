"""Whether Whisper should hear several utterances at once, or one on several threads: utterances a second, and how long each takes.

    export OPENBLAS_NUM_THREADS=1 PYTHONPATH=.
    python benchmarks/whisper_crew.py --data ../shared/data --model ~/.cache/affect-streamer/models/tiny.en

Sentences of RAVDESS and CREMA-D, drawn once; the daemon's own recogniser, asked by as many threads as there are utterances at once.
"""

import argparse
import os
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.whisper_silence import clips
from streamer.asr.whisper import Crew, Whisper
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ
from streamer.settings import AsrSettings


def took_s(whisper: Whisper, sounds: list[Float32], at_once: int) -> tuple[float, list[float]]:
    """Until all are heard, and how long each of them took."""
    waiting, each_s = iter(sounds), list[float]()
    lock = threading.Lock()

    def drawn() -> Iterator[Float32]:
        while True:
            with lock:
                sound = next(waiting, None)
            if sound is None:
                return
            yield sound

    def ask() -> None:
        for sound in drawn():
            begin_s = time.perf_counter()
            recognition = whisper.begin(0.0)
            recognition.push(sound)
            recognition.finish(sound.shape[0] / SAMPLE_RATE_HZ)
            each_s.append(time.perf_counter() - begin_s)

    threads = [threading.Thread(target=ask) for _ in range(at_once)]
    begin_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin_s, each_s


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a folder with a model.bin")
    parser.add_argument("--most", type=int, default=20, help="clips of each corpus")
    wanted = parser.parse_args(arguments)
    sounds = [sound for _, sound, _ in clips(wanted.data, wanted.most)]
    cores = len(os.sched_getaffinity(0))
    table = Table("at once", "threads each", "asked at once", "utterances / s", "median ms", title=f"{cores} cores")
    for crew in dict.fromkeys((Crew(1, 1), Crew.of(1, cores), Crew.of(cores, cores), Crew(cores, cores))):
        whisper = Whisper(wanted.model, wanted.model.name, AsrSettings(language="en"), "cpu", crew)
        whisper.wait_until_loaded()
        for at_once in sorted({1, crew.workers, cores}):
            all_s, each_s = took_s(whisper, sounds, at_once)
            table.add_row(
                *map(str, (*crew, at_once)),
                f"{len(sounds) / all_s:.2f}",
                f"{statistics.median(each_s) * 1000:.0f}",
            )
        whisper.close()
    Console().print(table)


if __name__ == "__main__":
    main()
