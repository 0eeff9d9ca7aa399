"""How much a graph computes for one input: the multiplications and additions of its matrix products, convolutions and recurrences.

What works on single values (activations, norms, softmax) is left out, as is usual: it is a few in a hundred.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from streamer.features.arrays import Float32, Int64

Shape = tuple[int, ...]


def flops(path: Path, feed: Mapping[str, Float32 | Int64]) -> int:
    """Of one run, two for each multiply-add; shapes are those that the graph really has on this input, as its axes are dynamic."""
    import onnx
    import onnxruntime as ort

    model = onnx.load(str(path))
    counted = [node for node in model.graph.node if node.op_type in _MULTIPLY_ADDS]
    shapes: dict[str, Shape] = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    shapes |= {name: value.shape for name, value in feed.items()}
    wanted = {name for node in counted for name in (*node.input, *node.output) if name and name not in shapes}
    asked = sorted(wanted | {output.name for output in model.graph.output})
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked)
    options = ort.SessionOptions()
    options.graph_optimization_level = (
        ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    )  # what is fused has no shape to ask for
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    shapes |= {name: value.shape for name, value in zip(asked, session.run(asked, dict(feed)), strict=True)}
    return 2 * sum(
        _MULTIPLY_ADDS[node.op_type]([shapes.get(name, ()) for name in node.input], shapes[node.output[0]])
        for node in counted
    )


def _convolution(weight: int) -> Callable[[list[Shape], Shape], int]:
    """Each value that comes out has seen one filter; the filter is the input with this number."""
    return lambda inputs, output: math.prod(output) * math.prod(inputs[weight][1:])


def _product(inputs: list[Shape], output: Shape) -> int:
    """[…, m, k] times [k, n]."""
    return math.prod(output) * inputs[0][-1]


def _gemm(inputs: list[Shape], output: Shape) -> int:
    """The first input may be turned: k is what is left of it."""
    return output[-1] * math.prod(inputs[0])


def _recurrence(inputs: list[Shape], output: Shape) -> int:  # noqa: ARG001 - of the same signature as the others
    """[steps, batch, width] through the weights of input and state, of all gates and directions."""
    steps, batch, _ = inputs[0]
    return steps * batch * (math.prod(inputs[1]) + math.prod(inputs[2]))


def parameters(path: Path) -> int:
    """How many values a graph holds; two that share a byte are two."""
    import onnx

    graph = onnx.load(str(path)).graph
    packed = {node.input[1] for node in graph.node if node.op_type == "MatMulNBits"}
    return sum(math.prod(tensor.dims) * (2 if tensor.name in packed else 1) for tensor in graph.initializer)


_MULTIPLY_ADDS: Final[dict[str, Callable[[list[Shape], Shape], int]]] = {
    "Conv": _convolution(1),
    "ConvInteger": _convolution(1),
    "QLinearConv": _convolution(3),
    "MatMul": _product,
    "MatMulInteger": _product,
    "MatMulNBits": _product,
    "QLinearMatMul": _product,
    "Gemm": _gemm,
    "GRU": _recurrence,
    "LSTM": _recurrence,
}
"""By ONNX's name: shapes of the inputs and of the output -> multiply-adds."""
