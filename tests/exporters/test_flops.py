"""What is counted is what the textbook says, on the shapes that the input really has."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from exporters.flops import flops
from streamer.features.arrays import Float32


@pytest.mark.parametrize(
    ("layer", "shape", "multiply_adds"),
    [
        (nn.Linear(8, 4), (1, 24, 8), 24 * 8 * 4),
        (nn.Linear(8, 4), (5, 8), 5 * 8 * 4),
        (nn.Conv1d(6, 10, 3, groups=2), (1, 6, 20), 18 * 10 * 3 * 3),
        (nn.Conv2d(3, 5, 3, stride=2, padding=1), (2, 3, 9, 9), 2 * 25 * 5 * 3 * 9),
        (nn.GRU(6, 4, bidirectional=True), (7, 1, 6), 7 * 2 * 3 * 4 * (6 + 4)),
        (nn.ReLU(), (1, 100), 0),
    ],
    ids=["matrix", "linear", "grouped convolution", "strided convolution", "both directions of a GRU", "activation"],
)
def test_two_for_each_multiply_add(
    tmp_path: Path, layer: nn.Module, shape: tuple[int, ...], multiply_adds: int
) -> None:
    path = tmp_path / "layer.onnx"
    inputs: Float32 = np.ones(shape, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that the bundles are made with says that it is the older one
        torch.onnx.export(layer.eval(), (torch.from_numpy(inputs),), str(path), input_names=["x"], dynamo=False)
    assert flops(path, {"x": inputs}) == 2 * multiply_adds


def test_an_axis_that_is_dynamic_counts_as_long_as_the_input_is(tmp_path: Path) -> None:
    path = tmp_path / "product.onnx"
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 2])],
        [onnx.numpy_helper.from_array(np.ones((3, 2), np.float32), "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    assert [flops(path, {"x": np.ones((n, 3), np.float32)}) for n in (1, 10)] == [12, 120]
