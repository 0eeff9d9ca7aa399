"""How far the prosody that is measured here is from Praat's: `python benchmarks/prosody.py [--each N]`.

N recordings each of RAVDESS (English), nEMO (Polish) and EMOVO (Italian), drawn with a fixed seed, and a speech of 11 s. Praat runs
through parselmouth with its own constants, which are those that MELD's published values bear the marks of (a pitch range of at most
525 Hz, which is 600 - 75; a whole number of syllables in what is spoken without a pause). Prints, for each value, the median and the
90th percentile of the absolute difference beside how much the value itself varies, and the rank correlation.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ
from training.decode import decode
from training.phonetics.prosody import Prosody, prosody

_PAUSE_DB, _DIP_DB, _MIN_PAUSE_S, _MIN_SOUNDING_S = 25.0, 2.0, 0.3, 0.1


def praat(waveform: Float32) -> Prosody:
    """What Praat says of the same samples."""
    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE_HZ)
    f0_hz = sound.to_pitch().selected_array["frequency"]
    f0_hz = f0_hz[f0_hz > 0]
    level_db = sound.to_intensity().values[0]
    hnr_db = sound.to_harmonicity().values[0]
    return Prosody(
        duration_s=sound.duration,
        intensity_db=float(level_db.mean()),
        intensity_std_db=float(level_db.std()),
        f0_hz=float(f0_hz.mean()) if f0_hz.size else float("nan"),
        f0_std_hz=float(f0_hz.std()) if f0_hz.size else 0.0,
        f0_range_hz=float(np.ptp(f0_hz)) if f0_hz.size else 0.0,
        syllables_per_s=_syllable_rate(sound),
        hnr_db=float(hnr_db[hnr_db != -200].mean()),  # Praat's mark for silence
    )


def _syllable_rate(sound: parselmouth.Sound) -> float:
    """The script of de Jong & Wempe (2009), line by line."""
    level = call(sound, "To Intensity", 50, 0, "yes")
    highest, most = call(level, "Get maximum", 0, 0, "Parabolic"), call(level, "Get quantile", 0, 0, 0.99)
    threshold_db = max(most - _PAUSE_DB, call(level, "Get minimum", 0, 0, "Parabolic"))
    grid = call(
        level, "To TextGrid (silences)", most - _PAUSE_DB - highest, _MIN_PAUSE_S, _MIN_SOUNDING_S, "silent", "sounding"
    )
    spans = [
        (call(grid, "Get start time of interval", 1, i), call(grid, "Get end time of interval", 1, i))
        for i in range(1, call(grid, "Get number of intervals", 1) + 1)
        if call(grid, "Get label of interval", 1, i) == "sounding"
    ]
    curve = call(call(level, "Down to Matrix"), "To Sound (slice)", 1)
    points = call(curve, "To PointProcess (extrema)", 1, "yes", "no", "Sinc70")
    times_s = [call(points, "Get time from index", i) for i in range(1, call(points, "Get number of points") + 1)]
    peaks = [(at, db) for at in times_s if (db := call(curve, "Get value at time", 1, at, "Cubic")) > threshold_db]
    pitch = call(sound, "To Pitch (ac)", 0.02, 30, 4, "no", 0.03, 0.25, 0.01, 0.35, 0.25, 450)
    count = 0
    for (at, db), (following, _) in itertools.pairwise(peaks):
        dips = db - call(level, "Get minimum", at, following, "None") > _DIP_DB
        voiced = not np.isnan(call(pitch, "Get value at time", at, "Hertz", "Linear"))
        count += bool(dips and voiced and any(begin <= at <= end for begin, end in spans))
    speaking_s = sum(end - begin for begin, end in spans)
    return count / speaking_s if count and speaking_s else float("nan")


def recordings(data: Path, each: int) -> list[Path]:
    """`each` of three corpora, the same ones each time, and a speech."""
    rng = np.random.default_rng(17)
    chosen: list[Path] = []
    for corpus in ("ravdess", "nemo", "emovo"):
        found = sorted((data / "audio" / corpus).glob("*.opus"))
        chosen += [found[i] for i in rng.permutation(len(found))[:each]]
    return [*chosen, data / "av" / "speech" / "jfk.flac"]


def compare(paths: list[Path]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """[n, 8] here, [n, 8] by Praat, and the seconds of computing here per second of sound."""
    here, there, spent_s, sound_s = [], [], 0.0, 0.0
    for path in paths:
        waveform = decode(path, SAMPLE_RATE_HZ)
        begin = time.thread_time()
        here.append(prosody(waveform))
        spent_s += time.thread_time() - begin
        sound_s += waveform.shape[0] / SAMPLE_RATE_HZ
        there.append(praat(waveform))
    return np.array(here), np.array(there), spent_s / sound_s


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--each", type=int, default=30, help="recordings of each corpus")
    arguments = parser.parse_args()
    here, there, cost = compare(recordings(arguments.data, arguments.each))
    table = Table(
        "value",
        "median difference",
        "90 %",
        "deviation of the value",
        "rank correlation",
        title=f"{len(here)} recordings",
    )
    for name, own, other in zip(Prosody._fields, here.T, there.T, strict=True):
        both = ~(np.isnan(own) | np.isnan(other))
        median, most = np.percentile(np.abs(own - other)[both], (50, 90))
        rank = spearmanr(own[both], other[both]).statistic
        table.add_row(name, f"{median:.3f}", f"{most:.3f}", f"{other[both].std():.2f}", f"{rank:.3f}")
    Console().print(table)
    Console().print(f"{1000 * cost:.0f} ms of one core per second of sound")


if __name__ == "__main__":
    main()
