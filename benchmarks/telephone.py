"""What a telephone leaves of a voice: `PYTHONPATH=. python benchmarks/telephone.py --data ../shared/data`.

Speakers of dev, each clip by itself and after eight others of its speaker, as it is and as G.711 carries it: 300 to 3,400 Hz, 8,000
samples a second, eight bits by the mu law. All clips of a session go through the telephone. Unweighted recall of the voice alone.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from rich.console import Console
from rich.table import Table
from scipy.signal import butter, sosfiltfilt

from streamer import load_bundle
from streamer.features.arrays import Float32
from streamer.labels import EMOTIONS
from streamer.messages import SAMPLE_RATE_HZ
from training import corpora
from training.batch import rng_for
from training.decode import decode
from training.evaluate import SPEECH
from training.metrics import unweighted_recall
from training.samples import Sample

TELEPHONE_HZ: Final = 8_000
BAND_HZ: Final = (300, 3_400)
_MU: Final = 255.0
_SEED: Final = 17


def as_it_is(waveform: Float32) -> Float32:
    """[samples]."""
    return waveform


def by_telephone(waveform: Float32) -> Float32:
    """[samples] at 16 kHz, after a telephone line: ITU-T G.711, mu law, in the band of G.712."""
    band = butter(4, BAND_HZ, "bandpass", fs=TELEPHONE_HZ, output="sos")
    narrow = sosfiltfilt(band, soxr.resample(waveform, SAMPLE_RATE_HZ, TELEPHONE_HZ))
    squeezed = np.sign(narrow) * np.log1p(_MU * np.minimum(np.abs(narrow), 1.0)) / np.log1p(_MU)
    carried = np.round(squeezed * 127.0) / 127.0
    heard = np.sign(carried) * np.expm1(np.abs(carried) * np.log1p(_MU)) / _MU
    return np.asarray(soxr.resample(heard, TELEPHONE_HZ, SAMPLE_RATE_HZ), np.float32)


LINES: Final[dict[str, Callable[[Float32], Float32]]] = {"as recorded": as_it_is, "by telephone": by_telephone}


def before(samples: list[Sample], index: int, count: int) -> list[int]:
    """Other clips of the same speaker, always the same."""
    others = [i for i, s in enumerate(samples) if s.speaker == samples[index].speaker and i != index]
    return [int(i) for i in rng_for(_SEED, index).permutation(others)[:count]]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=300, help="clips of a corpus, drawn with a fixed seed")
    wanted = parser.parse_args(arguments)
    model = load_bundle()
    table = Table("corpus", "clips", "line", "alone", "after eight clips", title="unweighted recall of the voice")
    for corpus in SPEECH:
        samples = [s for s in corpora.read((corpus,), wanted.data) if s.split == "dev" and s.audio is not None]
        chosen = np.sort(np.random.default_rng(_SEED).permutation(len(samples))[: wanted.most])
        truth = np.array([samples[i].label for i in chosen])
        recorded = [decode(s.audio, SAMPLE_RATE_HZ) for s in samples if s.audio is not None]
        for line, carry in LINES.items():
            waveforms = [carry(waveform) for waveform in recorded]
            recalls = []
            for count in (0, 8):
                said = [
                    model.predict(
                        waveform=waveforms[i], earlier_waveforms=[waveforms[j] for j in before(samples, i, count)]
                    )
                    for i in chosen
                ]
                recalls.append(unweighted_recall(truth, np.array([EMOTIONS.index(s.emotion.label) for s in said])))
            table.add_row(corpus, str(len(chosen)), line, *(f"{recall:.3f}" for recall in recalls))
    Console().print(table)


if __name__ == "__main__":
    main()
