"""Where and how the networks run: chosen here, and nowhere else."""

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from streamer.errors import BundleError, EngineError
from streamer.nvidia_wheels import load_libraries

Provider = Literal["auto", "cpu", "cuda", "tensorrt"]
Batching = Literal["auto", "on", "off"]
CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
TENSORRT: Final = "TensorrtExecutionProvider"
_WANTED: Final[dict[Provider, list[str]]] = {
    "auto": [CUDA, CPU],
    "cpu": [CPU],
    "cuda": [CUDA, CPU],
    "tensorrt": [TENSORRT, CUDA, CPU],
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Execution:
    """How graphs are to run; no choice here changes what they compute by more than rounding."""

    provider: Provider = "auto"
    require_gpu: bool = False
    threads: int = 1
    """On the CPU."""
    batching: Batching = "auto"
    """Whether calls that come while a graph is busy run as one."""
    cuda_graphs: bool = False
    """Record each shape's run on the GPU once, and play it again."""
    tensorrt_fp16: bool = False
    """TensorRT may compute in half precision."""

    def batches(self, got: str) -> bool:
        """Whether calls are put together on the provider that a session got.

        `auto` does it with CUDA. On a processor it gains nothing for sound and faces (docs/performance.md), and each call would wait
        for the others; TensorRT would build an engine anew for each larger batch, in minutes.
        """
        return self.batching == "on" or (self.batching == "auto" and got == CUDA)


DEFAULT: Final = Execution()


def providers(wanted: Provider) -> list[str]:
    """Those of the wanted execution providers that this onnxruntime was built with, in order; the CPU always stands last.

    That a provider is built in does not mean that it works: `check_gpu` looks at what a session really got.
    """
    import onnxruntime

    built_in = set(onnxruntime.get_available_providers())
    chosen = [name for name in _WANTED[wanted] if name in built_in]
    if len(chosen) > 1 and hasattr(onnxruntime, "preload_dlls") and "ONNX_NO_PRELOAD" not in os.environ:
        onnxruntime.preload_dlls()  # CUDA's libraries from their wheels, without LD_LIBRARY_PATH
        if TENSORRT in chosen:
            load_libraries("tensorrt_libs", "libnv*.so*")
    return chosen


def runs_on_cpu(wanted: Provider) -> bool:
    """Whether this onnxruntime has nothing else for what is wanted."""
    import onnxruntime

    return not {CUDA, TENSORRT}.intersection(_WANTED[wanted], onnxruntime.get_available_providers())


def options(provider: str, graph: Path, execution: Execution) -> dict[str, Any]:
    """What a provider is told about a graph."""
    if provider == CUDA:
        return {
            # The default tries every algorithm at each new shape: half a second in the middle of a stream.
            "cudnn_conv_algo_search": "HEURISTIC",
            # The default doubles what it has each time; speech recognition wants its part of the memory.
            "arena_extend_strategy": "kSameAsRequested",
            # TF32 rounds float32 to ten bits; who wants half precision exports it, and sees what it costs.
            "use_tf32": "0",
            "enable_cuda_graph": "1" if execution.cuda_graphs else "0",
        }
    if provider == TENSORRT:
        from streamer.models_store import cache_folder  # it can download, which nobody else here needs

        folder = cache_folder() / "tensorrt" / _digest(graph)
        folder.mkdir(parents=True, exist_ok=True)
        return {
            # Engines are named by a graph's structure, not by its weights: each graph has a folder of its own.
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(folder),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(folder),
            "trt_fp16_enable": "1" if execution.tensorrt_fp16 else "0",
        }
    return {}


def check_gpu(got: Mapping[str, str], refused: Mapping[str, str], wanted: Provider, *, require_gpu: bool) -> None:
    """Say it loudly, or stop, where a GPU was asked for and networks run on the CPU.

    Args:
        got: The provider that each graph's session really has.
        refused: Why it has no other, by graph, where that is known.
        wanted: What was asked for.
        require_gpu: Stop.

    Raises:
        EngineError: `require_gpu` is set and a session has no GPU.
    """
    slow = ", ".join(graph for graph, provider in got.items() if provider == CPU)
    if not slow or (wanted in {"auto", "cpu"} and not require_gpu and not refused):
        return
    why = f" ({next(iter(refused.values()))})" if refused else ""
    mend = "`streamer doctor` says which GPU it sees, and what its installation lacks"
    if require_gpu:
        raise EngineError(f"no GPU could be used for {slow}{why}, and --require-gpu is set; {mend}")
    log.warning("no GPU could be used for %s%s: they run on the CPU; %s", slow, why, mend)


def as_bundle_error(path: str, err: Exception) -> BundleError:
    """What onnxruntime says of a file that it cannot load, in one line."""
    return BundleError(f"{path}: onnxruntime cannot load it ({str(err).splitlines()[0]})")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
