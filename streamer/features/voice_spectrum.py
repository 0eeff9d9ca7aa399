"""What a voice at a microphone sounds like on the whole: the spectrum that its utterances are compared with.

People differ from each other, and microphones and rooms too, by more than one person's joy differs from the same person's sorrow. So
an utterance is heard relative to the utterances before it, and where there are none, relative to speech as it is on average.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from streamer.features.arrays import Float32

_TYPICAL_COUNTS_AS: Final = 1.0
"""Of how many utterances the average of speech has the weight: one angry sentence is not yet what somebody sounds like."""

_THIRD_OCTAVES_DB: Final = {
    63: 38.6,
    80: 43.5,
    100: 54.4,
    125: 57.7,
    160: 56.8,
    200: 60.2,
    250: 60.3,
    315: 59.0,
    400: 62.1,
    500: 62.1,
    630: 60.5,
    800: 56.8,
    1000: 53.7,
    1250: 53.0,
    1600: 52.0,
    2000: 48.7,
    2500: 48.1,
    3150: 46.8,
    4000: 45.6,
    5000: 44.5,
    6300: 44.3,
    8000: 43.7,
}
"""The long-term average spectrum of speech in 1/3 octaves, women and men of twelve languages together (Byrne et al., 1994)."""


def voice_spectrum(mel: Float32) -> Float32:
    """[frames, bands] of log mel power -> [bands], the logarithm of each band's mean power."""
    spectrum: Float32 = np.log(np.exp(mel).mean(axis=0)).astype(np.float32)
    return spectrum


def reference(mel: Float32, earlier: Sequence[Float32] | Float32, edges_hz: tuple[float, ...]) -> Float32:
    """What an utterance is heard relative to, [bands].

    Args:
        mel: [frames, bands], log mel power of the utterance.
        earlier: The `voice_spectrum` of each utterance before it, of the same microphone. Without any, what counts is the
            utterance's own level, and the colour of average speech.
        edges_hz: Of the bands, [bands + 2].
    """
    typical = np.log(np.exp(mel).mean()) + typical_spectrum(edges_hz)
    known = np.sum(earlier, axis=0) if len(earlier) else 0.0
    return np.asarray((_TYPICAL_COUNTS_AS * typical + known) / (_TYPICAL_COUNTS_AS + len(earlier)), np.float32)


@lru_cache(maxsize=8)
def typical_spectrum(edges_hz: tuple[float, ...]) -> Float32:
    """Average speech in bands between the given edges, [bands]: logarithm of power, relative to the mean power of all bands."""
    centres_hz = np.array(list(_THIRD_OCTAVES_DB), np.float64)
    density_db = np.array(list(_THIRD_OCTAVES_DB.values())) - 10 * np.log10(centres_hz * (2 ** (1 / 6) - 2 ** (-1 / 6)))
    edges = np.array(edges_hz)
    level_db = np.interp(np.log(edges[1:-1]), np.log(centres_hz), density_db) + 10 * np.log10(edges[2:] - edges[:-2])
    power = 10 ** (level_db / 10)
    return np.asarray(np.log(power / power.mean()), np.float32)
