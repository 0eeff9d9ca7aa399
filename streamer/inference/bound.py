"""One graph run through buffers that stay where they are, one set for each shape.

Nothing is allocated for a call, and what was recorded of a run (a CUDA graph) can be played again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from streamer.features.arrays import Float32
from streamer.inference.padding import Inputs

MOST_SHAPES: Final = 64
NOT_RECORDED: Final = -1


def run_options(recording: int) -> Any:
    """What onnxruntime is told of one run in a session that makes CUDA graphs: the number of its recording."""
    from onnxruntime import RunOptions

    options = RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(recording))
    return options


class _Bound(NamedTuple):
    binding: Any
    inputs: Mapping[str, Any]
    """onnxruntime's values on the device, by name."""
    recording: int


class BoundRuns:
    """Not for several threads at once: they would share the buffers."""

    def __init__(self, session: Any, outputs: Sequence[str], device: str, *, record: bool = False) -> None:
        """Nothing is bound yet.

        Args:
            session: An `onnxruntime.InferenceSession`.
            outputs: Names, in the order in which they are given.
            device: Where the buffers lie: `cpu` or `cuda`.
            record: The session makes CUDA graphs: one is recorded for each shape.
        """
        self._session = session
        self._outputs = outputs
        self._device = device
        self._record = record
        self._by_shape: dict[tuple[tuple[int, ...], ...], _Bound] = {}
        self._recordings = 0

    def run(self, inputs: Inputs) -> list[Float32]:
        """The outputs, copied out of their buffers."""
        shape = tuple(value.shape for value in inputs.values())
        bound = self._by_shape.get(shape)
        if bound is None:
            bound = self._by_shape[shape] = self._bind(inputs)
            if len(self._by_shape) > MOST_SHAPES:
                del self._by_shape[next(iter(self._by_shape))]
        for name, value in inputs.items():
            bound.inputs[name].update_inplace(value)
        self._run(bound.binding, bound.recording)
        return [np.array(output, np.float32) for output in bound.binding.copy_outputs_to_cpu()]

    def _bind(self, inputs: Inputs) -> _Bound:
        from onnxruntime import OrtValue

        binding = self._session.io_binding()
        values = {name: OrtValue.ortvalue_from_numpy(value, self._device, 0) for name, value in inputs.items()}
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            binding.bind_output(name, self._device)
        self._run(binding, NOT_RECORDED)  # now the outputs' shapes are known, and their buffers are kept
        for name, value in zip(self._outputs, binding.get_outputs(), strict=True):
            binding.bind_ortvalue_output(name, value)
        self._recordings += 1
        return _Bound(binding, values, self._recordings)

    def _run(self, binding: Any, recording: int) -> None:
        self._session.run_with_iobinding(binding, run_options(recording) if self._record else None)
