"""Smaller graphs: weights of 8 or 4 bits, or half precision, by what each graph gains from it."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final, Literal

from streamer.features.arrays import Float32

Precision = Literal["fp32", "fp16", "int8", "int4"]
"""`int4` is `int8` but for words, whose weights have four bits: they take most of the room."""
WeightBits = Literal[4, 7, 8]
Feed = dict[str, Float32]

_SMALL_BYTES: Final = 5_000_000
"""A graph below this stays float32: there is little to gain."""
_CHUNK: Final = 32
"""Typical inputs that the quantiser runs at once."""
_BLOCK: Final = 64
"""Weights of four bits that have one scale together: with 32 the words' graph is a tenth larger."""
_INT4_OPSET: Final = 21
"""The first that has values of four bits."""


def shrink(path: Path, precision: Precision, typical: Feed | None = None, *, weight_bits: WeightBits = 7) -> None:
    """Rewrite a graph in place, its inputs and outputs staying float32 and int64.

    Args:
        path: The graph.
        precision: Of its weights.
        typical: A batch of its inputs, by name. With it convolutions compute in 8 bits too, at half the time; without, they stay float32.
        weight_bits: Of matrix products, with `int8` and `int4`. Sums of two products of 8-bit values overflow on processors without VNNI
            (Intel before 2019, AMD before 2022), those of seven bits do not (`benchmarks/overflow.py`). With four, tables too have as
            many. Convolutions always have seven.
    """
    if precision == "fp32" or path.stat().st_size < _SMALL_BYTES:
        return
    if precision == "fp16":
        _fp16(path)
    elif weight_bits == 4:
        _int4(path)
    else:
        _int8(path, typical, weight_bits)


def _int4(path: Path) -> None:
    """Weights of matrix products and tables in 4 bits, rounded to the nearest, with a scale for each block of them.

    What they are multiplied with is quantised as it comes, each row by its own range: no answer depends on what else is in its batch.
    """
    import onnx
    from onnx import version_converter
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    config = DefaultWeightOnlyQuantConfig(
        block_size=_BLOCK,
        is_symmetric=True,
        accuracy_level=4,  # sums in int8, as with 8-bit weights
        op_types_to_quantize=("MatMul", "Gather"),
    )
    with _quiet():
        model = version_converter.convert_version(onnx.load(str(path)), _INT4_OPSET)
        quantiser = MatMulNBitsQuantizer(model, algo_config=config)
        quantiser.process()
        onnx.save(quantiser.model.model, str(path))


def _int8(path: Path, typical: Feed | None, weight_bits: WeightBits) -> None:
    """Weights of matrix products, embeddings and convolutions in 8 bits.

    What goes into a matrix product is quantised as it comes, by its own range, what goes into a convolution by its range on the
    typical inputs: its values differ less from one input to another, and a range that is known need not be looked for.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with _quiet():
        quant_pre_process(str(path), str(path), skip_symbolic_shape=True)
        if typical is not None:
            _int8_convolutions(path, typical)
        quantize_dynamic(
            str(path),
            str(path),
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            reduce_range=weight_bits == 7,
            weight_type=QuantType.QInt8,
        )


def _int8_convolutions(path: Path, typical: Feed) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    quantize_static(
        str(path),
        str(path),
        _Chunks(typical),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        # One value in a hundred thousand may be cut off, or the rarest would make the steps of all others coarse.
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": 99.999},
        op_types_to_quantize=["Conv"],
    )


class _Chunks:
    """The batch, in parts of one size, as the quantiser asks for them."""

    def __init__(self, typical: Feed) -> None:
        count = len(next(iter(typical.values())))
        size = min(count, _CHUNK)
        starts = range(0, count - size + 1, size)
        self._left = iter([{name: values[at : at + size] for name, values in typical.items()} for at in starts])

    def get_next(self) -> Feed | None:
        """The next part; None after the last."""
        return next(self._left, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """The library warns on the root logger of what is done on purpose here, and prints how far it is."""
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.getLogger().setLevel(level)


def _fp16(path: Path) -> None:
    """Weights and arithmetic in half precision."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(path)), keep_io_types=True), str(path))
