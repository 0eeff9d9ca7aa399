"""One graph on ONNX Runtime: checked against the bundle's language when it is loaded, warmed up, safe to call from several threads."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from streamer.errors import BundleError
from streamer.features.arrays import Float32, Int64
from streamer.inference import providers
from streamer.inference.providers import Provider

Array = Float32 | Int64


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
    """A graph and the provider that it really got."""

    def __init__(
        self, kind: str, path: Path, *, provider: Provider = "auto", require_gpu: bool = False, threads: int = 1
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin for work would take the cores from speech recognition.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=providers.providers(provider)
            )
        except Exception as err:  # onnxruntime's exceptions share no public base
            raise providers.as_bundle_error(str(path), err) from err
        self.kind = kind
        self.provider: str = self._session.get_providers()[0]
        providers.check(path.name, self.provider, provider, require_gpu=require_gpu)
        _match(path, "input", INPUTS[kind], self._session.get_inputs())
        _match(path, "output", OUTPUTS[kind], self._session.get_outputs())
        self._outputs = [port.name for port in OUTPUTS[kind]]

    def run(self, **inputs: Array) -> list[Float32]:
        """The outputs in the order of `OUTPUTS`."""
        return [np.asarray(output, np.float32) for output in self._session.run(self._outputs, inputs)]

    def dimension(self, name: str, axis: int) -> int | None:
        """The fixed size of one axis of an input; None where it is free."""
        for port in self._session.get_inputs():
            if port.name == name:
                size = port.shape[axis]
                return size if isinstance(size, int) else None
        raise KeyError(name)


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
