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
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise TrainingError(f"{path}: has no sound in it; fetch the file again or remove it")
            resampler = av.AudioResampler("flt", "mono", sample_rate_hz)
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)] + resampler.resample(
                None
            )
    except (av.error.FFmpegError, IndexError) as err:
        raise TrainingError(f"{path}: cannot be decoded ({err}); fetch the file again or remove it") from err
    parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    if not parts or not sum(map(len, parts)):
        raise TrainingError(f"{path}: has no sound in it; fetch the file again or remove it")
    return np.concatenate(parts).astype(np.float32)
