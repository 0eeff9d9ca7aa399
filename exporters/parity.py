"""The gate: what was exported must compute what torch computes, at every length, batch size and mask that the daemon may send."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from exporters.errors import ExportError
from exporters.graphs import INPUT_NAMES, OUTPUT_NAMES, Inputs, graph_names, module_of, random_inputs
from models.network import Network
from streamer.features import FaceCropSpec, FunctionalsSpec, VectorsSpec, WaveformSpec
from streamer.labels import MODALITIES, Modality

TOLERANCE: Final = 1e-4
"""Largest absolute difference of any output value, in float32."""
BATCHES: Final = (1, 2, 5)
LENGTHS: Final[dict[str, tuple[int, ...]]] = {
    "text": (2, 3, 24, 61, 96),
    "audio": (1, 2, 7, 98, 401, 1198),
    "video": (1, 2, 5, 32),
    "fusion": (1, 2, 9, 32),
}
_LOWEST: Final = -1e9


class Difference(NamedTuple):
    """Where torch and ONNX differed most."""

    value: float
    where: str


def measure(network: Network, folder: Path) -> dict[str, Difference]:
    """The largest difference of each graph `<name>.onnx` in the folder."""
    return {graph: _worst(network, graph, folder / f"{graph}.onnx") for graph in graph_names(network)}


def check(differences: dict[str, Difference], tolerance: float = TOLERANCE) -> None:
    """Refuse an export that is not the network.

    Raises:
        ExportError: a graph differs by more than the tolerance, or gives something that is not a number.
    """
    for graph, found in differences.items():
        if not found.value <= tolerance:  # NaN is refused too
            raise ExportError(
                f"{graph}.onnx differs from torch by {found.value:.2e} > {tolerance:.0e} at {found.where}; nothing was written"
            )


def _worst(network: Network, graph: str, path: Path) -> Difference:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Hundreds of small calls, between torch's: threads that wait by spinning would take the processor from it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    module = module_of(network, graph).eval()
    worst = Difference(_LOWEST, "nothing")
    for where, inputs in _cases(network, graph):
        with torch.inference_mode():
            expected = [output.numpy() for output in module(*inputs)]
        taken = {port.name for port in session.get_inputs()}
        feed = {name: value.numpy() for name, value in zip(INPUT_NAMES[graph], inputs, strict=True) if name in taken}
        found = session.run(list(OUTPUT_NAMES[graph]), feed)
        for name, ours, theirs in zip(OUTPUT_NAMES[graph], expected, found, strict=True):
            if ours.shape != theirs.shape:
                raise ExportError(f"{path.name}: {name} has shape {theirs.shape}, torch gives {ours.shape} at {where}")
            difference = float(np.abs(ours - theirs).max())
            if not difference <= worst.value:
                worst = Difference(difference, f"{name}, {where}")
    return worst


def lengths(network: Network, graph: str) -> tuple[int, ...]:
    """How long the inputs are that are compared: what the daemon may send of this feature."""
    if graph in {"text", "fusion"}:
        return LENGTHS[graph]
    spec = network.config.encodings["audio" if graph == "audio" else "video"].spec
    match spec:
        case WaveformSpec():
            return (spec.min_samples, spec.min_samples + 1, 719, 720, 3_200, 16_001, 48_000)
        case FunctionalsSpec() | VectorsSpec():
            return (1, 2, 9, 33)
        case FaceCropSpec() if spec.exact_crops:
            return (1, 2, spec.exact_crops)
        case _:
            return LENGTHS[graph]


def _cases(network: Network, graph: str) -> Iterator[tuple[str, Inputs]]:
    """Inputs of every batch size and length; for the fusion, with every set of modalities."""
    absent: list[frozenset[Modality]] = [frozenset()]
    if graph == "fusion":
        absent = [frozenset(c) for n in range(len(MODALITIES)) for c in combinations(MODALITIES, n)]
    for batch in BATCHES:
        for steps in lengths(network, graph):
            for without in absent:
                where = f"batch {batch}, {steps} steps" + (f", without {'+'.join(sorted(without))}" if without else "")
                yield (
                    where,
                    random_inputs(
                        network, graph, batch=batch, steps=steps, seed=batch * 10_000 + steps, absent=without
                    ),
                )
