"""Calls that run together, in buffers that stay: on a CPU here, as they do on a GPU."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from streamer import bundle as bundles
from streamer.features.arrays import Float32
from streamer.inference.padding import Array, bucket
from streamer.inference.providers import Execution
from streamer.inference.session import Session

TOGETHER = Execution(provider="cpu", batching="on")
ALONE = Execution(provider="cpu")
LENGTHS = (1, 2, 5, 9, 16, 31, 33)


def has_8_bits(path: Path) -> bool:
    """Such a graph takes its scale from all that it is given."""
    return b"DynamicQuantizeLinear" in path.read_bytes()


def in_float32(kind: str, folder: Path) -> Path:
    """The shipped graph, or a small one of the same kind where that has 8 bits."""
    shipped = bundles.shipped() / f"{kind}.onnx"
    if not has_8_bits(shipped):
        return shipped
    pytest.importorskip("torch")
    from exporters.graphs import write_graph
    from models.network import Network
    from training.recipes import find

    write_graph(Network(find("small", "tiny").network).eval(), kind, folder / f"{kind}.onnx")
    return folder / f"{kind}.onnx"


@pytest.fixture(scope="module", params=["text", "audio", "video", "fusion"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, in_float32(request.param, tmp_path_factory.mktemp("graph"))


def calls(kind: str, session: Session) -> Iterator[dict[str, Array]]:
    """Of all lengths, with what the daemon would give."""
    draw = np.random.default_rng(0)

    def noise(*shape: int) -> Float32:
        return draw.standard_normal(shape).astype(np.float32)

    for steps in LENGTHS:
        ones = np.ones((1, steps), np.float32)
        match kind:
            case "text":
                ids = draw.integers(5, 25, (1, steps))
                yield {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": ids % 2}
            case "audio":
                yield {"features": noise(1, steps, session.dimension("features", 2) or 1), "mask": ones}
            case "video":
                channels, size = session.dimension("crops", 2) or 1, session.dimension("crops", 3) or 1
                yield {"crops": noise(1, steps, channels, size, size), "mask": ones}
            case _:
                widths = {name: session.dimension(name, 2) or 1 for name in ("text", "audio", "video")}
                yield {
                    "text": noise(1, 1, widths["text"]),
                    "audio": noise(1, steps, widths["audio"]) * (steps % 2),
                    "video": noise(1, steps, widths["video"]),
                    "text_mask": np.ones((1, 1), np.float32),
                    "audio_mask": ones * (steps % 2),
                    "video_mask": ones,
                }


def test_answers_are_the_same_together_and_alone(graph: tuple[str, Path]) -> None:
    kind, path = graph
    together, alone = Session(kind, path, TOGETHER), Session(kind, path, ALONE)
    given = [call for call in calls(kind, alone) for _ in range(3)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda call: together.run(**call), given))
    assert together.joins
    assert not alone.joins
    for call, answer in zip(given, found, strict=True):
        for ours, theirs in zip(answer, alone.run(**call), strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_calls_that_would_change_each_others_answers_run_one_by_one() -> None:
    path = bundles.shipped() / "text.onnx"
    if not has_8_bits(path):
        pytest.skip("the shipped text network has no 8-bit weights any more")
    session = Session("text", path, TOGETHER)
    (*_, call) = calls("text", session)
    plain = Session("text", path, ALONE).run(**call)
    assert [a.tolist() for a in session.run(**call)] == [a.tolist() for a in plain]
    assert not session.joins


def test_one_set_of_buffers_serves_a_bucket_and_answers_outlive_the_next_run(tmp_path: Path) -> None:
    session = Session("video", in_float32("video", tmp_path), TOGETHER)
    given = list(calls("video", session))
    first = session.run(**given[3])[0]
    kept = first.copy()
    for call in given:
        session.run(**call)
    assert (first == kept).all()
    lengths = {bucket(steps) for steps in LENGTHS}
    assert len(session._bound._by_shape) <= len(lengths) + 1  # one more batch of two: how it was found out


def test_recording_is_a_matter_of_the_gpu_and_harmless_without_one(tmp_path: Path) -> None:
    path = in_float32("video", tmp_path)
    recorded = Session("video", path, Execution(provider="cpu", batching="on", cuda_graphs=True))
    (call, *_) = calls("video", recorded)
    np.testing.assert_allclose(recorded.run(**call)[0], Session("video", path, ALONE).run(**call)[0], atol=1e-5)
