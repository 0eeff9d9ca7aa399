"""Where the networks run: chosen here, and nowhere else."""

import logging
import os
from typing import Final, Literal

from streamer.errors import BundleError, EngineError

Provider = Literal["auto", "cpu", "cuda", "tensorrt"]
CPU: Final = "CPUExecutionProvider"
_WANTED: Final[dict[Provider, list[str]]] = {
    "auto": ["CUDAExecutionProvider", CPU],
    "cpu": [CPU],
    "cuda": ["CUDAExecutionProvider", CPU],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU],
}

log = logging.getLogger(__name__)


def providers(wanted: Provider) -> list[str]:
    """Those of the wanted execution providers that this onnxruntime was built with, in order; the CPU always stands last.

    That a provider is built in does not mean that it works: `check` looks at what a session really got.
    """
    import onnxruntime

    built_in = set(onnxruntime.get_available_providers())
    chosen = [name for name in _WANTED[wanted] if name in built_in]
    if len(chosen) > 1 and hasattr(onnxruntime, "preload_dlls") and "ONNX_NO_PRELOAD" not in os.environ:
        onnxruntime.preload_dlls()  # CUDA's libraries from their wheels, without LD_LIBRARY_PATH
    return chosen


def check(graph: str, got: str, wanted: Provider, *, require_gpu: bool) -> None:
    """Say it loudly, or stop, where a GPU was asked for and the session runs on the CPU.

    Raises:
        EngineError: `require_gpu` is set and the session has no GPU.
    """
    if got != CPU or (wanted in {"auto", "cpu"} and not require_gpu):
        return
    mend = "`streamer doctor` names the mend"
    if require_gpu:
        raise EngineError(
            f"{graph}: no GPU provider could be used, it would run on {got}, and --require-gpu is set; {mend}"
        )
    log.warning("%s: %s was asked for, but it runs on %s; %s", graph, wanted, got, mend)


def as_bundle_error(path: str, err: Exception) -> BundleError:
    """What onnxruntime says of a file that it cannot load, in one line."""
    return BundleError(f"{path}: onnxruntime cannot load it ({str(err).splitlines()[0]})")
