"""Calls of different lengths as one batch of one of a few shapes, and its answers cut back to each call. NumPy alone.

A GPU prepares itself anew for each shape: so batches and lengths are rounded up to a few sizes. What is added lies under a mask of 0.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from streamer.features.arrays import Float32, Int64

Array = Float32 | Int64
Inputs = Mapping[str, Array]
"""By name; each [rows, steps, …]."""


def bucket(size: int) -> int:
    """The next of 1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192 and so on."""
    power: int = 1 << (size - 1).bit_length()
    between = power * 3 // 4
    return between if power > 32 and size <= between else power


def joined(calls: Sequence[Inputs], free: frozenset[str]) -> dict[str, Array]:
    """All rows of all calls below each other, and more of the first one's up to a bucket.

    Args:
        calls: At least one; with the same names.
        free: Inputs whose steps may be of any number: they are filled up with zeros, which masks say are not there.
    """
    rows = sum(_rows(call) for call in calls)
    batch: dict[str, Array] = {}
    for name, first in calls[0].items():
        steps = max(call[name].shape[1] for call in calls)
        shape = (bucket(rows), bucket(steps) if name in free else steps, *first.shape[2:])
        filled = np.zeros(shape, first.dtype)
        at = 0
        for call in calls:
            value = call[name]
            filled[at : at + len(value), : value.shape[1]] = value
            at += len(value)
        filled[at:] = filled[0]
        batch[name] = filled
    return batch


def parted(outputs: Sequence[Float32], calls: Sequence[Inputs], batch: Inputs) -> list[list[Float32]]:
    """The answers to each call, in their order, as if it had been alone."""
    answers = []
    at = 0
    for call in calls:
        own = [output[at : at + _rows(call)] for output in outputs]
        answers.append(_cut(own, _steps(call), _steps(batch)) if _encodes(outputs) else own)
        at += _rows(call)
    return answers


def _encodes(outputs: Sequence[Float32]) -> bool:
    """Whether it is an embedding [rows, steps, width] with its mask [rows, steps]; what a fusion gives has no steps."""
    return outputs[0].ndim == 3


def _cut(own: Sequence[Float32], steps: int, padded_steps: int) -> list[Float32]:
    """Without the steps that were added, however many the encoder makes of them."""
    embedding, mask = own
    made = mask.shape[1]
    if steps == padded_steps or made == 1:
        kept = made
    elif made == padded_steps:
        kept = steps
    else:  # one for several: those of the padding are under the mask
        kept = max(1, int(np.flatnonzero(mask.any(axis=0)).max(initial=0)) + 1)
    return [embedding[:, :kept], mask[:, :kept]]


def _rows(call: Inputs) -> int:
    return len(next(iter(call.values())))


def _steps(call: Inputs) -> int:
    return int(next(iter(call.values())).shape[1])
