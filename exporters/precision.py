"""Smaller graphs: 8-bit weights or half precision, by what each graph gains from it."""

import logging
from pathlib import Path
from typing import Final, Literal

Precision = Literal["fp32", "fp16", "int8"]

_SMALL_BYTES: Final = 10_000_000
"""A graph below this stays float32: there is little to gain, and convolutions lose speed in 8 bits on most processors."""


def shrink(path: Path, precision: Precision) -> None:
    """Rewrite a graph in place, its inputs and outputs staying float32 and int64."""
    if precision == "fp32" or path.stat().st_size < _SMALL_BYTES:
        return
    draft = path.with_suffix(".draft")
    if precision == "int8":
        _int8(path, draft)
    else:
        _fp16(path, draft)
    draft.replace(path)


def _int8(path: Path, draft: Path) -> None:
    """Weights of matrix products and embeddings in 8 bits; activations are quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = path.with_suffix(".prepared")
    quieted = logging.getLogger().level
    logging.getLogger().setLevel(
        logging.ERROR
    )  # the library warns on the root logger of what this call does on purpose
    try:
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(draft),
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            reduce_range=False,
            weight_type=QuantType.QInt8,
        )
    finally:
        logging.getLogger().setLevel(quieted)
        prepared.unlink(missing_ok=True)


def _fp16(path: Path, draft: Path) -> None:
    """Weights and arithmetic in half precision."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(path)), keep_io_types=True), str(draft))
