"""Fixtures that several rooms share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real research data; tests that use it carry the marker `data`."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def demo_voice() -> Float32:
    """The sound of the packaged clip, [samples] at 16 kHz."""
    clip = Path(__file__).resolve().parents[1] / "streamer" / "demo" / "clip.mp4"
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)

    def frames() -> Iterator[Float32]:
        with av.open(str(clip)) as container:
            for frame in container.decode(audio=0):
                yield from (np.asarray(out.to_ndarray()[0], np.float32) for out in resampler.resample(frame))

    return np.concatenate(list(frames()))


def pytest_configure(config: pytest.Config) -> None:
    """Let models that the developer has pulled change nothing: `auto` would take them. Workers of xdist inherit the environment."""
    if hasattr(config, "workerinput"):
        return
    for library in ("OMP", "OPENBLAS"):  # threads that spin for work take it from the tests beside
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    cache = tempfile.TemporaryDirectory(prefix="streamer-tests-")
    config.add_cleanup(cache.cleanup)
    os.environ["XDG_CACHE_HOME"] = cache.name
    for variable in ("HF_HOME", "HF_HUB_CACHE"):
        os.environ.pop(variable, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs data that a stranger does not have."""
    if SHARED_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason=f"needs the research data in {SHARED_DATA}, which is not part of this repository")
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(skip)
