"""One graph on ONNX Runtime: checked against the bundle's language when it is loaded, safe to call from several threads."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from streamer.errors import BundleError
from streamer.features.arrays import Float32
from streamer.inference import providers
from streamer.inference.batching import Batcher
from streamer.inference.bound import NOT_RECORDED, BoundRuns, run_options
from streamer.inference.padding import Array, Inputs, joined, parted
from streamer.inference.providers import CPU, DEFAULT, Execution

TOLERANCE: Final = 1e-4
"""How far the answer to a call may differ by what it is batched with; as far as an export may differ from torch."""

log = logging.getLogger(__name__)


class Port(NamedTuple):
    """An input or output as the bundle's language has it."""

    name: str
    dtype: str
    rank: int


def _float(name: str, rank: int) -> Port:
    return Port(name, "tensor(float)", rank)


_ENCODED: Final = (_float("embedding", 3), _float("embedding_mask", 2))
INPUTS: Final[dict[str, tuple[Port, ...]]] = {
    "text": tuple(Port(name, "tensor(int64)", 2) for name in ("input_ids", "attention_mask", "token_type_ids")),
    "audio": (_float("features", 3), _float("mask", 2)),
    "video": (_float("crops", 5), _float("mask", 2)),
    "fusion": tuple(
        port for name in ("text", "audio", "video") for port in (_float(name, 3), _float(f"{name}_mask", 2))
    ),
}
OUTPUTS: Final[dict[str, tuple[Port, ...]]] = {
    "text": _ENCODED,
    "audio": _ENCODED,
    "video": _ENCODED,
    "fusion": (_float("emotion_logits", 2), _float("sentiment_logits", 2), _float("weights", 2)),
}


class Session:
    """A graph and the provider that it really got.

    Where calls are put together, they go through buffers of a few fixed shapes. A graph in which they would change each other's answers
    (8-bit graphs take their scale from all that they are given) is found out at the first call, and runs each call by itself.
    """

    def __init__(self, kind: str, path: Path, execution: Execution = DEFAULT, *, tolerance: float = TOLERANCE) -> None:
        """Load and check a graph.

        Args:
            kind: text, audio, video or fusion.
            path: Of the file.
            execution: Where and how it runs.
            tolerance: Larger for a graph in half precision, which rounds a batch otherwise than a single call.

        Raises:
            BundleError: it cannot be loaded, or speaks another language.
        """
        self._session, execution, refused = _open(path, execution)
        self.refused: str | None = refused
        """Why the GPU that was asked for could not be used, where onnxruntime says so."""
        self.kind = kind
        self.provider: str = self._session.get_providers()[0]
        _match(path, "input", INPUTS[kind], self._session.get_inputs())
        _match(path, "output", OUTPUTS[kind], self._session.get_outputs())
        self._outputs = [port.name for port in OUTPUTS[kind]]
        self._free = frozenset(port.name for port in INPUTS[kind] if self.dimension(port.name, 1) is None)
        self._tolerance = tolerance
        device, record = ("cpu", False) if self.provider == CPU else ("cuda", execution.cuda_graphs)
        self._options = run_options(NOT_RECORDED) if record else None
        self._bound = BoundRuns(self._session, self._outputs, device, record=record)
        self._batcher = Batcher(self._run_joined)
        self._joins: bool | None = None if execution.batches(self.provider) else False
        self._finding_out = threading.Lock()

    def run(self, **inputs: Array) -> list[Float32]:
        """The outputs in the order of `OUTPUTS`."""
        if self._joins is None:
            with self._finding_out:
                self._joins = self._can_join(inputs) if self._joins is None else self._joins
        return self._batcher.call(inputs) if self._joins else self._run_alone(inputs)

    @property
    def joins(self) -> bool:
        """Whether calls are put together; known from the first call on."""
        return bool(self._joins)

    def _run_alone(self, inputs: Inputs) -> list[Float32]:
        return [
            np.asarray(output, np.float32) for output in self._session.run(self._outputs, dict(inputs), self._options)
        ]

    def _run_joined(self, calls: Sequence[Inputs]) -> list[list[Float32]]:
        batch = joined(calls, self._free)
        return parted(self._bound.run(batch), calls, batch)

    def _can_join(self, inputs: Inputs) -> bool:
        """Whether a call has the same answer beside a longer one as alone. Inputs may be all zeros: noise is laid over them."""
        noise = np.random.default_rng(0)
        call = {
            name: value + noise.standard_normal(value.shape).astype(np.float32) * _there(name, inputs)
            if value.dtype == np.float32 and not name.endswith("mask")
            else value
            for name, value in inputs.items()
        }
        longer = {n: np.concatenate([v, v[:, ::-1]], axis=1) if n in self._free else v for n, v in call.items()}
        together, alone = self._run_joined([call, longer])[0], self._run_alone(call)
        worst = max(float(np.abs(a - b).max(initial=0.0)) for a, b in zip(together, alone, strict=True))
        if not worst <= self._tolerance:
            log.info("%s: calls are run one by one; put together, their answers differ by %.1e", self.kind, worst)
        return worst <= self._tolerance

    def dimension(self, name: str, axis: int) -> int | None:
        """The fixed size of one axis of an input; None where it is free."""
        for port in self._session.get_inputs():
            if port.name == name:
                size = port.shape[axis]
                return size if isinstance(size, int) else None
        raise KeyError(name)


def _open(path: Path, execution: Execution) -> tuple[Any, Execution, str | None]:
    """A session of onnxruntime, how it runs, and why not as it was asked: not every graph can be recorded, not every GPU be used."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = execution.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin for work would take the cores from speech recognition.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen = [(name, providers.options(name, path, execution)) for name in providers.providers(execution.provider)]
    try:
        # By itself, onnxruntime would fall back to the CPU and say so on stdout.
        session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=chosen, enable_fallback=0)
    except Exception as err:  # onnxruntime's exceptions share no public base
        reason = str(err).splitlines()[0]
        if execution.cuda_graphs:
            log.warning("%s: cannot be recorded as a CUDA graph (%s)", path.name, reason)
            return _open(path, replace(execution, cuda_graphs=False))
        if len(chosen) == 1:  # the CPU's
            raise providers.as_bundle_error(str(path), err) from err
        session, execution, _ = _open(path, replace(execution, provider="cpu"))
        return session, execution, reason
    return session, execution, None


def _there(name: str, inputs: Inputs) -> Array | float:
    """The mask of an input, to be multiplied with it; all of it where there is none."""
    mask = inputs.get(f"{name}_mask", inputs.get("mask"))
    return 1.0 if mask is None else mask.reshape(*mask.shape, *[1] * (inputs[name].ndim - 2))


def _match(path: Path, role: str, expected: tuple[Port, ...], found: list[object]) -> None:
    """Refuse a graph that speaks another language, naming the field."""
    by_name = {getattr(port, "name"): port for port in found}  # noqa: B009 - onnxruntime's types are untyped
    if unknown := by_name.keys() - {port.name for port in expected}:
        raise BundleError(
            f"{path}: {role} {', '.join(sorted(unknown))} is not known to this version; update the streamer"
        )
    for port in expected:
        have = by_name.get(port.name)
        if have is None:
            raise BundleError(f"{path}: {role} {port.name} is missing; export the bundle again")
        dtype, shape = getattr(have, "type"), getattr(have, "shape")  # noqa: B009
        if dtype != port.dtype or len(shape) != port.rank:
            raise BundleError(
                f"{path}: {role} {port.name} is {dtype} of rank {len(shape)}, should be {port.dtype} of rank {port.rank}"
            )
