"""What the shipped graphs say on a processor whose 8-bit products overflow, beside what they say on this one.

    python benchmarks/overflow.py                     # a quarter of a minute; needs .[train]

Processors without VNNI (Intel before 2019, AMD before 2022) multiply unsigned by signed 8-bit values two at a time and keep the sum of
both in 16 bits (`vpmaddubsw`); what does not fit is cut off. Here ONNX's own reference computes the graphs' matrix products with that sum,
on sentences and on the sound of the packaged recordings.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from rich.console import Console
from rich.table import Table

from streamer.bundle import TOKENIZER, shipped
from streamer.bundle import read as read_bundle
from streamer.cli.demo import CLIP
from streamer.features import load_tokenizer
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ
from training.decode import decode

RECORDINGS: Final = (CLIP, CLIP.with_name("speech.mp4"))
VOICE_S: Final = 4
SENTENCES: Final = (
    "We will meet at the office on Monday.",
    "I love you, this is wonderful!",
    "Leave me alone, I hate you!",
    "Something is out there, I'm really scared, please do not open that door.",
    "I can't believe that she told everyone about it after all that we have been through together.",
)

Feed = dict[str, NDArray[Any]]


class MatMulInteger(OpRun):
    """The product of unsigned by signed 8-bit values, the sum of each two of them cut off at 16 bits."""

    op_domain = ""
    overflowed = 0
    sums = 0

    def _run(self, values: Any, weights: Any, values_zero: Any = None, weights_zero: Any = None) -> tuple[Any]:
        assert weights.dtype == np.int8
        assert not np.any(weights_zero)
        rows = np.pad(values.reshape(-1, values.shape[-1]).astype(np.int32), ((0, 0), (0, values.shape[-1] % 2)))
        columns = np.pad(weights.astype(np.int32), ((0, weights.shape[0] % 2), (0, 0)))
        found = np.empty((len(rows), columns.shape[1]), np.int32)
        for place, row in enumerate(rows):
            pairs = row[0::2, None] * columns[0::2] + row[1::2, None] * columns[1::2]
            kept = np.clip(pairs, -(2**15), 2**15 - 1)
            MatMulInteger.overflowed += int((kept != pairs).sum())
            MatMulInteger.sums += pairs.size
            found[place] = kept.sum(axis=0)
        found -= np.int32(0 if values_zero is None else values_zero) * weights.astype(np.int32).sum(axis=0)
        return (found.reshape(*values.shape[:-1], columns.shape[1]),)


class QuantizeLinear(OpRun):
    """Of the graphs' opset, which the reference no longer has."""

    op_domain = ""

    def _run(self, values: Any, scale: Any, zero: Any, **_: Any) -> tuple[Any]:
        return (np.clip(np.rint(values / scale) + zero, 0, 255).astype(np.uint8),)


class DequantizeLinear(OpRun):
    """As above; with one scale, or one for each index of an axis."""

    op_domain = ""

    def _run(self, values: Any, scale: Any, zero: Any = None, axis: int | None = None, **_: Any) -> tuple[Any]:
        shape = [1] * values.ndim
        if np.size(scale) > 1:
            shape[1 if axis is None else axis] = -1
        offset = np.int32(0) if zero is None else zero.astype(np.int32).reshape(shape)
        return (((values.astype(np.int32) - offset) * np.reshape(scale, shape)).astype(np.float32),)


def feeds(folder: Path) -> Iterator[tuple[str, Feed]]:
    """The graphs' inputs: each sentence, and each recording in parts."""
    manifest = read_bundle(folder).manifest
    assert manifest.text is not None
    assert manifest.audio is not None
    tokenizer = load_tokenizer(folder / TOKENIZER)
    for sentence in SENTENCES:
        pieces = manifest.text.spec.pieces(tokenizer, sentence)
        yield "text", {name: ids[None] for name, ids in pieces._asdict().items()}
    for recording in RECORDINGS:
        waveform = decode(recording, SAMPLE_RATE_HZ)
        for start in range(0, len(waveform) - VOICE_S * SAMPLE_RATE_HZ, 2 * VOICE_S * SAMPLE_RATE_HZ):
            features = manifest.audio.spec.extract(waveform[start : start + VOICE_S * SAMPLE_RATE_HZ])
            yield "audio", {"features": features[None], "mask": np.ones((1, len(features)), np.float32)}


def _embedding(graph: Any, feed: Feed) -> Float32:
    """[width]: of the one sample, averaged over its steps."""
    return np.asarray(graph.run(["embedding"], feed)[0][0].mean(axis=0), np.float32)


def main() -> None:
    """Print a table."""
    import onnxruntime  # after streamer, which turns its telemetry off

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=shipped(), help="the shipped one otherwise")
    folder = parser.parse_args().bundle
    table = Table("graph", "inputs", "sums that overflow, in a million", "cosine of the embeddings, mean", "least")
    given = list(feeds(folder))
    for graph in ("text", "audio"):
        path = folder / f"{graph}.onnx"
        here = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        there = ReferenceEvaluator(onnx.load(str(path)), new_ops=[MatMulInteger, QuantizeLinear, DequantizeLinear])
        MatMulInteger.overflowed = MatMulInteger.sums = 0
        found = []
        for name, feed in given:
            if name == graph:
                ours, theirs = (_embedding(one, feed) for one in (here, there))
                found.append(float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)))
        millionth = 1e6 * MatMulInteger.overflowed / max(MatMulInteger.sums, 1)
        table.add_row(graph, str(len(found)), f"{millionth:.1f}", f"{np.mean(found):.4f}", f"{min(found):.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
