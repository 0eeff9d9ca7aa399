"""The sums of a processor without VNNI, computed on any."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from benchmarks.overflow import MatMulInteger


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        pytest.param(127, 2**15 - 1 + 255 * 127, id="two products of eight bits do not fit into 16, one does"),
        pytest.param(64, 3 * 255 * 64, id="of seven bits two fit"),
        pytest.param(-128, -(2**15) - 255 * 128, id="nor do they below zero"),
    ],
)
def test_each_two_products_are_added_in_16_bits(weight: int, expected: int) -> None:
    weights = numpy_helper.from_array(np.full((3, 1), weight, np.int8), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["values", "weights"], ["sums"])],
        "product",
        [helper.make_tensor_value_info("values", TensorProto.UINT8, [1, 3])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, [1, 1])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    evaluator = ReferenceEvaluator(model, new_ops=[MatMulInteger])
    (found,) = evaluator.run(None, {"values": np.full((1, 3), 255, np.uint8)})
    assert isinstance(found, np.ndarray)
    assert found.item() == expected
