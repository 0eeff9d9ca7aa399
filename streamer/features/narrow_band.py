"""Voices that came through a telephone: what the line left out is put back as average speech would have it.

Networks that learned from whole voices take what is missing above 3.4 kHz for a silence that no voice has, and are right far less often
(`benchmarks/telephone.py`).
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import Float32
from streamer.features.voice_spectrum import typical_spectrum, voice_spectrum

_LINE_HZ: Final = (300.0, 3_400.0)
"""What a telephone carries (ITU-T G.712), and every other line that is known."""
_LOST_HZ: Final = 4_200.0
"""Of 8,000 samples a second nothing is left above, not even noise."""
_LOST_DB: Final = 20.0
"""A band so far below average speech holds no voice. No clip of the four speech corpora that `benchmarks/telephone.py` hears lacks all
bands above `_LOST_HZ` by it; all do once they have been on the telephone."""
_EMPTY_DB: Final = 1.5
"""So little above the floor a band holds nothing, however quiet the line is."""
_PER_DB: Final = np.log(10) / 10


def widened(mel: Float32, edges_hz: tuple[float, ...], floor: float) -> Float32:
    """[frames, bands] -> the same, where a narrow line was heard with its lost bands filled; else as it is.

    They follow, frame by frame, the level of the bands that were carried.

    Args:
        mel: Log mel power of one utterance, not set in relation to anything.
        edges_hz: Of the bands, [bands + 2].
        floor: What was added to the power.
    """
    carried, high = _bands(edges_hz)
    typical, spectrum = typical_spectrum(edges_hz), voice_spectrum(mel)
    level = _power(spectrum[carried]) - _power(typical[carried])
    lost = (spectrum < level + typical - _LOST_DB * _PER_DB) | (spectrum < np.log(floor) + _EMPTY_DB * _PER_DB)
    if not high.any() or not lost[high].all() or lost.all():
        return mel
    filled = mel.copy()
    heard = _power(mel[:, ~lost]) - _power(typical[~lost])
    filled[:, lost] = np.logaddexp(heard[:, None] + typical[lost], np.log(floor))
    return filled


def _power(mel: Float32) -> Float32:
    """Logarithm of the power of all bands together: [..., bands] -> [...]."""
    return np.asarray(np.log(np.exp(mel).sum(axis=-1)), np.float32)


@lru_cache(maxsize=8)
def _bands(edges_hz: tuple[float, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which bands every line carries, and which a telephone never does: [bands] each."""
    centres_hz = np.array(edges_hz[1:-1])
    return (centres_hz > _LINE_HZ[0]) & (centres_hz < _LINE_HZ[1]), centres_hz > _LOST_HZ
