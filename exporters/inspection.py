"""Looking into a finished bundle, and putting it in its place."""

import shutil
import time
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from exporters.draft import draft_of
from exporters.errors import ExportError
from exporters.flops import flops, parameters
from streamer import load_bundle
from streamer.bundle import Bundle, read
from streamer.features import FaceCropSpec
from streamer.features.arrays import Float32, Int64, UInt8
from streamer.labels import MODALITIES

_TYPICAL = {"text": "24 tokens", "audio": "4 s", "video": "1 crop", "fusion": "8 frames"}


class Graph(NamedTuple):
    """What one graph is and costs."""

    name: str
    inputs: str
    outputs: str
    size_mb: float
    parameters: int
    flops: int
    """Of one answer to the typical input; see `exporters.flops`."""
    latency: str


def verify(folder: Path) -> None:
    """Load it as the daemon does, and ask it with every subset of modalities.

    Raises:
        BundleError: a file is missing, damaged or of another version, or a graph does not fit.
        ExportError: an answer is not a probability.
    """
    model = load_bundle(folder)
    manifest = model.manifest
    tone = (0.1 * np.sin(np.arange(32_000) * 0.05)).astype(np.float32)
    given = {
        "text": model.encode_text("I can't believe it!"),
        "audio": model.encode_audio(manifest.audio.spec.extract(tone)) if manifest.audio else None,
        "video": model.encode_crops(_grey_crops(manifest.video.spec)) if manifest.video else None,
    }
    present = [m for m in MODALITIES if given[m] is not None]
    for size in range(1, len(present) + 1):
        for chosen in combinations(present, size):
            answer = model.fuse({m: given[m] for m in chosen}, {})
            if not abs(sum(answer.emotion.probs.values()) - 1) < 1e-3:
                raise ExportError(f"{folder}: with {'+'.join(chosen)} its emotion probabilities do not sum to 1")


def _grey_crops(spec: FaceCropSpec) -> UInt8:
    return np.full((spec.exact_crops or 3, spec.size_px, spec.size_px, spec.channels), 120, np.uint8)


def install(bundle: Path, folder: Path) -> None:
    """Verify, copy beside, rename into place."""
    verify(bundle)
    with draft_of(folder) as draft:
        shutil.copytree(bundle, draft, dirs_exist_ok=True)
        read(draft)


def inspect(folder: Path) -> list[Graph]:
    """Each graph of a bundle."""
    bundle = read(folder)
    return [_inspect(bundle, name, file) for name, file in bundle.manifest.graphs.items()]


def _inspect(bundle: Bundle, name: str, file: str) -> Graph:
    import onnxruntime as ort

    path = bundle.path(file)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    ports = [", ".join(f"{p.name} {p.shape}" for p in found) for found in (session.get_inputs(), session.get_outputs())]
    feed = _typical(bundle, name)
    times_ms = []
    for _ in range(40):
        started = time.perf_counter()
        session.run(None, feed)
        times_ms.append((time.perf_counter() - started) * 1e3)
    return Graph(
        name=name,
        inputs=ports[0],
        outputs=ports[1],
        size_mb=path.stat().st_size / 1e6,
        parameters=parameters(path),
        flops=flops(path, feed),
        latency=f"{np.median(times_ms):.2f}, {_TYPICAL[name]}",
    )


def _typical(bundle: Bundle, name: str) -> Mapping[str, Float32 | Int64]:
    manifest = bundle.manifest
    if name == "text":
        ids = np.full((1, 24), 5, np.int64)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.ones_like(ids)}
    if name == "audio" and manifest.audio:
        features = manifest.audio.spec.extract(np.random.default_rng(0).normal(0, 0.1, 64_000).astype(np.float32))
        return {"features": features[None], "mask": np.ones((1, len(features)), np.float32)}
    if name == "video" and manifest.video:
        spec: FaceCropSpec = manifest.video.spec
        frames = spec.exact_crops or 1
        return {
            "crops": np.zeros((1, frames, spec.channels, spec.size_px, spec.size_px), np.float32),
            "mask": np.ones((1, frames), np.float32),
        }
    feed: dict[str, Float32] = {}
    for modality in MODALITIES:
        part = manifest.parts.get(modality)
        steps = 8 if modality == "video" else 1
        feed[modality] = np.ones((1, steps, part.width if part else 1), np.float32)
        feed[f"{modality}_mask"] = np.full((1, steps), float(part is not None), np.float32)
    return feed
