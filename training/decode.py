"""A file's sound as the daemon would hear it."""

from pathlib import Path

import av
import numpy as np

from streamer.features.arrays import Float32
from training.errors import TrainingError


def decode(path: Path, sample_rate_hz: int) -> Float32:
    """[samples], mono, in [-1, 1].

    Raises:
        TrainingError: the file has no sound, or cannot be decoded.
    """
    try:
        parts = _decoded(path, sample_rate_hz)
    except (av.error.FFmpegError, IndexError, ValueError) as err:  # the last where rate or channels change on the way
        raise TrainingError(f"{path}: cannot be decoded ({err}); fetch the file again or remove it") from err
    if not sum(map(len, parts)):
        raise TrainingError(f"{path}: has no sound in it; fetch the file again or remove it")
    return np.concatenate(parts)


def _decoded(path: Path, sample_rate_hz: int) -> list[Float32]:
    """Piece by piece; none where there is no sound."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        resampler = av.AudioResampler("flt", "mono", sample_rate_hz)
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
        return [np.asarray(f.to_ndarray().reshape(-1), np.float32) for f in (*frames, *resampler.resample(None))]
