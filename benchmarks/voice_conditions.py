"""What lines, rooms and noise leave of a voice: `PYTHONPATH=. python benchmarks/voice_conditions.py --data ../shared/data`.

Each clip of dev's speakers by itself and after eight others of its speaker, all of them under the same condition. Unweighted recall of the
voice alone. Every draw is seeded by the clip.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
import soxr
from rich.console import Console
from rich.table import Table
from scipy.signal import butter, fftconvolve, sosfiltfilt

from streamer import load_bundle
from streamer.features.arrays import Float32
from streamer.inference import Model
from streamer.labels import EMOTIONS
from streamer.messages import SAMPLE_RATE_HZ
from training import corpora
from training.batch import rng_for
from training.decode import decode
from training.evaluate import SPEECH
from training.metrics import unweighted_recall
from training.samples import Sample, Split

TELEPHONE_HZ: Final = 8_000
BAND_HZ: Final = (300, 3_400)
_MU: Final = 255.0
RT60_S: Final = 0.6
"""Of a living room."""
BESIDE_DB: Final = 10.0
"""Speech over what is heard beside it."""
_TALKERS: Final = 5
_SEED: Final = 17

Change = Callable[[Float32, np.random.Generator], Float32]
"""[samples] at 16 kHz -> as many."""


def as_recorded(waveform: Float32, rng: np.random.Generator) -> Float32:
    """Nothing is changed."""
    del rng
    return waveform


def by_telephone(waveform: Float32, rng: np.random.Generator) -> Float32:
    """ITU-T G.711, mu law, in the band of G.712."""
    del rng
    band = butter(4, BAND_HZ, "bandpass", fs=TELEPHONE_HZ, output="sos")
    narrow = sosfiltfilt(band, soxr.resample(waveform, SAMPLE_RATE_HZ, TELEPHONE_HZ))
    squeezed = np.sign(narrow) * np.log1p(_MU * np.minimum(np.abs(narrow), 1.0)) / np.log1p(_MU)
    carried = np.round(squeezed * 127.0) / 127.0
    heard = np.sign(carried) * np.expm1(np.abs(carried) * np.log1p(_MU)) / _MU
    return np.asarray(soxr.resample(heard, TELEPHONE_HZ, SAMPLE_RATE_HZ), np.float32)


def across_a_room(waveform: Float32, rng: np.random.Generator) -> Float32:
    """Noise that decays (Polack, 1988), as loud as the direct sound: a microphone at the critical distance."""
    time_s = np.arange(round(RT60_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(size=time_s.shape) * 10 ** (-3 * time_s / RT60_S)
    tail /= np.sqrt((tail**2).sum())
    return _within_range(waveform + fftconvolve(waveform, tail)[: len(waveform)])


def over_pink_noise(waveform: Float32, rng: np.random.Generator) -> Float32:
    """A fan, a street: noise that falls by 3 dB an octave."""
    spectrum = np.fft.rfft(rng.normal(size=len(waveform)))
    return _beside(waveform, np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), len(waveform)))


def while_others_talk(others: Sequence[Float32]) -> Change:
    """Five of `others` at once, each from where it happens to be."""

    def change(waveform: Float32, rng: np.random.Generator) -> Float32:
        chosen = [others[i] for i in rng.choice(len(others), _TALKERS, replace=False)]
        talk = [np.resize(np.roll(one / one.std(), rng.integers(len(one))), len(waveform)) for one in chosen]
        return _beside(waveform, np.sum(talk, axis=0))

    return change


def _beside(waveform: Float32, sound: np.ndarray) -> Float32:
    wanted = waveform.std() * 10 ** (-BESIDE_DB / 20)
    return _within_range(waveform + sound * wanted / sound.std())


def _within_range(waveform: np.ndarray) -> Float32:
    """As whoever sets up a microphone turns it down."""
    return np.asarray(waveform / max(1.0, float(np.abs(waveform).max())), np.float32)


def recall(model: Model, samples: list[Sample], waveforms: list[Float32], chosen: Sequence[int], earlier: int) -> float:
    """Of the chosen clips, each after so many others of its speaker."""
    said = [
        model.predict(waveform=waveforms[i], earlier_waveforms=[waveforms[j] for j in before(samples, i, earlier)])
        for i in chosen
    ]
    return unweighted_recall(
        np.array([samples[i].label for i in chosen]), np.array([EMOTIONS.index(one.emotion.label) for one in said])
    )


def before(samples: list[Sample], index: int, count: int) -> list[int]:
    """Other clips of the same speaker, always the same."""
    others = [i for i, s in enumerate(samples) if s.speaker == samples[index].speaker and i != index]
    return [int(i) for i in rng_for(_SEED, index).permutation(others)[:count]]


def recorded(samples: list[Sample]) -> list[Float32]:
    """Their clips, [samples] each."""
    return [decode(s.audio, SAMPLE_RATE_HZ) for s in samples if s.audio is not None]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, help="another one than the shipped")
    parser.add_argument("--split", choices=get_args(Split), default="dev")
    parser.add_argument("--most", type=int, default=300, help="clips of a corpus, drawn with a fixed seed")
    wanted = parser.parse_args(arguments)
    model = load_bundle(wanted.bundle)
    title = f"unweighted recall of the voice, speakers of {wanted.split}"
    table = Table("corpus", "clips", "condition", "alone", "after eight clips", title=title)
    for corpus in SPEECH:
        known = corpora.read((corpus,), wanted.data)
        samples = [s for s in known if s.split == wanted.split]
        if not samples:  # EMOVO has six speakers, of whom none calibrates
            continue
        chosen = np.sort(np.random.default_rng(_SEED).permutation(len(samples))[: wanted.most]).tolist()
        clips = recorded(samples)
        others = recorded([s for s in known if s.split == "train"][::_TALKERS][:100])
        conditions: dict[str, Change] = {
            "as recorded": as_recorded,
            "by telephone": by_telephone,
            "across a room": across_a_room,
            "over pink noise": over_pink_noise,
            "while others talk": while_others_talk(others),
        }
        for condition, change in conditions.items():
            waveforms = [change(clip, rng_for(_SEED, i)) for i, clip in enumerate(clips)]
            figures = [recall(model, samples, waveforms, chosen, earlier) for earlier in (0, 8)]
            table.add_row(corpus, str(len(chosen)), condition, *(f"{figure:.3f}" for figure in figures))
    Console().print(table)


if __name__ == "__main__":
    main()
