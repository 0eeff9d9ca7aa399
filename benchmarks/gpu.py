"""Every recipe at full size on ONNX Runtime, torch eager and `torch.compile`, in one run on one device. Weights are random.

    python benchmarks/gpu.py                       # CUDA where there is one, else the CPU
    python benchmarks/gpu.py --precision fp16 --out docs/measured/gpu.json
    python benchmarks/gpu.py --size tiny --provider cpu --batches 1,2

An utterance is four seconds: the features of so much speech, 24 word pieces, the crops that the recipe looks at. What is measured is
encoders and fusion from arrays in the computer's memory to logits in the computer's memory: copies to the device and back are counted.
`streams` is how many people may speak without pause at once: utterances per second at the best batch, times four seconds.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from exporters.graphs import INPUT_NAMES, graph_names, random_inputs, write_graph
from exporters.precision import shrink
from models.network import Network
from streamer.features import FaceCropSpec, FunctionalsSpec, LogMelSpec, MfccSpec, WaveformSpec
from streamer.inference.model import HALF_PRECISION_TOLERANCE
from streamer.inference.providers import Execution
from streamer.inference.session import TOLERANCE, Session
from streamer.labels import MODALITIES, Modality
from training.recipes import RECIPES, find

UTTERANCE_S: Final = 4.0
PIECES: Final = 24
WARM_UP: Final = 3
PATIENCE: Final = 2
"""Batch sizes that are no better before larger ones are given up: a single one may be ill measured."""
Inputs = dict[Modality, tuple[Tensor, ...]]
Run = Callable[[Inputs], object]


class Measured(NamedTuple):
    """One recipe on one engine."""

    recipe: str
    engine: str
    precision: str
    device: str
    latency_ms: float
    """Median at batch 1."""
    best_batch: int
    utterances_per_s: float
    """At the best batch."""
    streams: float


class Extent(NamedTuple):
    """How long and how far."""

    batches: tuple[int, ...]
    seconds: float
    """For each batch."""


def steps_of(network: Network, modality: Modality) -> int:
    """How much of it four seconds of speech are."""
    spec = network.config.encodings[modality].spec
    match spec:
        case LogMelSpec():
            return spec.frames(round(UTTERANCE_S * spec.sample_rate_hz))
        case MfccSpec():
            return spec.mel.frames(round(UTTERANCE_S * spec.sample_rate_hz))
        case WaveformSpec():
            return round(UTTERANCE_S * spec.sample_rate_hz)
        case FunctionalsSpec():
            return spec.history_utterances + 1
        case FaceCropSpec():
            return spec.exact_crops or min(spec.max_crops, round(UTTERANCE_S * spec.rate_hz))
        case _:
            return PIECES


def utterances(network: Network, batch: int) -> Inputs:
    """Made inputs of every encoder; no padding, as in a batch of the same bucket."""
    return {
        m: tuple(torch.cat([t] * batch) for t in random_inputs(network, m, batch=1, steps=steps_of(network, m), seed=0))
        for m in MODALITIES
        if m in network.config.encodings
    }


def torch_run(network: Network, device: str, precision: str, *, compiled: bool) -> Run:
    """Eager or compiled; half precision by autocast, as torch's own documents advise."""
    network = network.to(device).eval()
    compile_: Callable[[Any], Any] = torch.compile if compiled else (lambda module: module)
    encoders = {m: compile_(network.encoders[m]) for m in network.config.encodings}
    fusion = compile_(network.fusion)

    def run(inputs: Inputs) -> object:
        half = torch.autocast(
            device, torch.float16 if device == "cuda" else torch.bfloat16, enabled=precision == "fp16"
        )
        with torch.inference_mode(), half:
            encoded = {m: encoders[m](*(t.to(device, non_blocking=True) for t in given)) for m, given in inputs.items()}
            batch = len(next(iter(inputs.values()))[0])
            parts = [encoded.get(m) or _absent(network, m, batch, device) for m in MODALITIES]
            fused = fusion(*(e[0] for e in parts), *(e[1] for e in parts))
            return [output.float().cpu() for output in fused]

    return run


def _absent(network: Network, modality: Modality, batch: int, device: str) -> tuple[Tensor, Tensor]:
    """One step of zeros under a mask of 0."""
    width = network.config.widths.get(modality, 1)
    return torch.zeros(batch, 1, width, device=device), torch.zeros(batch, 1, device=device)


def onnx_run(network: Network, folder: Path, precision: Any, execution: Execution) -> tuple[Run, str]:
    """The graphs that the exporter writes, in the daemon's own sessions: with CUDA they run through bound buffers of a few shapes.

    Also what they got: the provider, and `bound` where all of them could be run so.
    """
    sessions = {}
    for graph in graph_names(network.cpu().eval()):
        path = folder / f"{graph}.onnx"
        write_graph(network, graph, path)
        shrink(path, precision)
        tolerance = HALF_PRECISION_TOLERANCE if precision == "fp16" else TOLERANCE
        sessions[graph] = Session(graph, path, execution, tolerance=tolerance)

    def run(inputs: Inputs) -> object:
        fused: dict[str, np.ndarray[Any, np.dtype[np.float32]]] = {}
        for modality in MODALITIES:
            if modality in inputs:
                names = INPUT_NAMES[modality]
                given = {name: t.numpy() for name, t in zip(names, inputs[modality], strict=True)}
                fused[modality], fused[f"{modality}_mask"] = sessions[modality].run(**given)
            else:
                batch = len(next(iter(inputs.values()))[0])
                width = network.config.widths.get(modality) or sessions["fusion"].dimension(modality, 2) or 1
                fused[modality] = np.zeros((batch, 1, width), np.float32)
                fused[f"{modality}_mask"] = np.zeros((batch, 1), np.float32)
        return sessions["fusion"].run(**fused)

    run(utterances(network, 1))  # at their first call, sessions find out how they can be run
    provider = sessions["fusion"].provider.removesuffix("ExecutionProvider")
    return run, f"{provider} bound" if all(session.joins for session in sessions.values()) else provider


def seconds_of(run: Run, inputs: Inputs, seconds: float) -> float:
    """Median time of one call, over so many seconds and at least three calls."""
    for _ in range(WARM_UP):
        run(inputs)
    took: list[float] = []
    while sum(took) < seconds or len(took) < 3:
        begin = time.perf_counter()
        run(inputs)
        took.append(time.perf_counter() - begin)
    return float(np.median(took))


def measure(
    recipe: str, network: Network, engine: str, run: Run, device: str, precision: str, extent: Extent
) -> Measured:
    """Larger and larger batches, until they are no better, twice in a row, or do not fit."""
    best_batch, best_per_s, latency_s, no_better = 1, 0.0, 0.0, 0
    for batch in extent.batches:
        try:
            took_s = seconds_of(run, utterances(network, batch), extent.seconds)
        except Exception as err:  # out of memory has a type of its own in each engine
            if batch == 1 or "memory" not in str(err).lower():
                raise
            break
        latency_s = latency_s or took_s
        if batch / took_s > best_per_s * 1.03:
            best_batch, best_per_s, no_better = batch, batch / took_s, 0
        else:
            no_better += 1
        if no_better == PATIENCE:
            break
    return Measured(
        recipe=recipe,
        engine=engine,
        precision=precision,
        device=device,
        latency_ms=round(latency_s * 1000, 2),
        best_batch=best_batch,
        utterances_per_s=round(best_per_s, 1),
        streams=round(best_per_s * UTTERANCE_S),
    )


def all_engines(recipe: str, wanted: Any, extent: Extent) -> Iterator[Measured]:
    """ONNX Runtime as the daemon uses it, torch eager, torch compiled."""
    torch.manual_seed(0)
    network = Network(find(recipe, wanted.size).network)
    device = "cuda" if wanted.provider != "cpu" and torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    with tempfile.TemporaryDirectory() as folder:
        execution = Execution(
            provider=wanted.provider,
            threads=wanted.threads,
            batching=wanted.batching,
            cuda_graphs=wanted.cuda_graphs,
            tensorrt_fp16=wanted.precision == "fp16",
        )
        run, got = onnx_run(network, Path(folder), wanted.precision, execution)
        engine = f"onnxruntime {got}{' recorded' if wanted.cuda_graphs and 'bound' in got else ''}"
        yield measure(recipe, network, engine, run, name, wanted.precision, extent)
    eager = torch_run(network, device, wanted.precision, compiled=False)
    yield measure(recipe, network, "torch eager", eager, name, wanted.precision, extent)
    if not wanted.no_compile:
        compiled = torch_run(network, device, wanted.precision, compiled=True)
        yield measure(recipe, network, "torch.compile", compiled, name, wanted.precision, extent)


def rows_of(found: list[Measured]) -> list[tuple[str, ...]]:
    """As words."""
    return [
        (
            m.recipe,
            m.engine,
            m.precision,
            f"{m.latency_ms:.1f}",
            str(m.best_batch),
            f"{m.utterances_per_s:.0f}",
            f"{m.streams:.0f}",
        )
        for m in found
    ]


COLUMNS: Final = ("recipe", "engine", "precision", "batch 1, ms", "best batch", "utterances/s", "streams")


def main(arguments: list[str] | None = None) -> None:
    """All recipes, one after the other; each row is printed when it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("full", "tiny"), default="full")
    parser.add_argument("--provider", choices=("auto", "cpu", "cuda", "tensorrt"), default="auto")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--batches", default="1,2,4,8,16,32,64,128,256")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each batch")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of ONNX Runtime on a CPU")
    parser.add_argument(
        "--batching", choices=("auto", "on", "off"), default="auto", help="bound buffers: auto with CUDA"
    )
    parser.add_argument("--cuda-graphs", action="store_true", help="ONNX Runtime records each shape's run")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON file")
    parser.add_argument("--data", help="taken for the sake of `make bench`; not used")
    wanted = parser.parse_args(arguments)
    extent = Extent(tuple(int(batch) for batch in wanted.batches.split(",")), wanted.seconds)
    found: list[Measured] = []
    for recipe in wanted.recipes.split(","):
        for one in all_engines(recipe, wanted, extent):
            found.append(one)
            print(*rows_of([one])[0], sep="  ", flush=True)
    table = Table(*COLUMNS, title=f"{found[0].device}, torch {torch.__version__}")
    for row in rows_of(found):
        table.add_row(*row)
    Console().print(table)
    if wanted.out:
        table_of = {"device": found[0].device, "columns": COLUMNS, "rows": rows_of(found)}
        wanted.out.write_text(json.dumps(table_of, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
