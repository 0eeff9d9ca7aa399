"""Any frame of sound as one channel of float32: sample formats and channel layouts end here."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import Float32

MAX_LEVEL: Final = 8.0
"""18 dB above full scale: louder floating-point sound is an error, and a single such sample would drown what a resampler puts around it,
or overflow in it."""
_SURROUND: Final = 0.5
_WEIGHTS: Final = {
    "FL": 0.7071, "FR": 0.7071, "DL": 0.7071, "DR": 0.7071, "FC": 1.0, "LFE": 0.0, "LFE2": 0.0,
}  # fmt: skip
"""ITU-R BS.775 down-mix, left and right added: voices sit in the centre of a 5.1 sound track, the bass channel is left out."""


def mono_weights(channels: Sequence[str]) -> Float32:
    """The share of each channel in the mono signal, [channels]; they add up to 1, so that nothing clips.

    Args:
        channels: FFmpeg's names (`FL`, `FR`, `FC`, `LFE`, `SL`…); one that is not known counts as a surround channel.
    """
    weights = np.array([_WEIGHTS.get(name, _SURROUND) for name in channels], np.float32)
    if not weights.any():  # nothing but a bass channel
        weights[:] = 1.0
    weights /= weights.sum()
    return weights


def to_float(samples: NDArray[Any]) -> Float32:
    """Samples of any PCM type as float32 in [-1, 1], floating-point ones at most `MAX_LEVEL`; what is no number is silence."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / 128.0
    if np.issubdtype(samples.dtype, np.integer):
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    if max(samples.max(initial=0.0), -samples.min(initial=0.0)) <= MAX_LEVEL:  # false where one is no number
        sane = samples
    else:
        sane = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -MAX_LEVEL, MAX_LEVEL)
    return np.asarray(sane, np.float32)


def to_mono(samples: NDArray[Any], channels: Sequence[str], only: int | None = None) -> Float32:
    """[channels, samples] of any PCM type -> [samples] float32.

    Args:
        samples: One row for each channel.
        channels: As of `mono_weights`.
        only: The one that is heard, counted from 1; the last where there are fewer for a while, as between two programmes.
    """
    if only is not None or len(channels) == 1:
        return to_float(samples[min(only or 1, len(channels)) - 1])
    return np.asarray(mono_weights(channels) @ to_float(samples), np.float32)
