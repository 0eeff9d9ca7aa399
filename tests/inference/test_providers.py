from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from streamer import load_bundle
from streamer.errors import EngineError
from streamer.inference.providers import CPU, CUDA, TENSORRT, Execution, options


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "text.onnx"
    path.write_bytes(b"weights")
    return path


def test_calls_are_put_together_on_cuda_and_where_it_is_asked_for() -> None:
    assert {got: Execution().batches(got) for got in (CPU, CUDA, TENSORRT)} == {CPU: False, CUDA: True, TENSORRT: False}
    assert Execution(batching="on").batches(CPU)
    assert not Execution(batching="off").batches(CUDA)


def test_cuda_is_told_to_keep_float32_and_to_record_only_where_that_is_asked_for(graph: Path) -> None:
    assert options(CUDA, graph, Execution())["use_tf32"] == "0"
    assert [options(CUDA, graph, Execution(cuda_graphs=on))["enable_cuda_graph"] for on in (False, True)] == ["0", "1"]
    assert options(CPU, graph, Execution()) == {}


def test_engines_of_other_weights_lie_in_another_folder(graph: Path, tmp_path: Path) -> None:
    first = options(TENSORRT, graph, Execution(tensorrt_fp16=True))
    graph.write_bytes(b"other weights")
    second = options(TENSORRT, graph, Execution())
    folders = [Path(found["trt_engine_cache_path"]) for found in (first, second)]
    assert folders[0] != folders[1]
    assert {folder.parent for folder in folders} == {tmp_path / "cache" / "affect-streamer" / "tensorrt"}
    assert all(folder.is_dir() for folder in folders)
    assert [found["trt_fp16_enable"] for found in (first, second)] == ["1", "0"]


def test_without_a_gpu_one_that_is_required_is_an_error() -> None:
    if load_bundle().on_gpu:
        pytest.skip("there is one")
    with pytest.raises(EngineError, match="--require-gpu is set"):
        load_bundle(require_gpu=True)


def test_a_gpu_that_onnxruntime_refuses_is_told_with_its_reason_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a driver that is too old looks like: the build knows CUDA, and a session with it raises."""
    real = onnxruntime.InferenceSession

    def without_driver(*args: Any, providers: list[tuple[str, Any]], **kwargs: Any) -> Any:
        if providers[0][0] == CUDA:
            if kwargs.get("enable_fallback", 1):
                print("*** EP Error ***")  # noqa: T201 - as onnxruntime does
            raise RuntimeError("CUDA failure 35: driver version is insufficient")
        return real(*args, providers=providers, **kwargs)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", without_driver)
    model = load_bundle()
    assert set(model.providers.values()) == {CPU}
    assert set(model.refused) == set(model.providers)
    (told,) = caplog.messages
    assert "CUDA failure 35" in told
    assert capfd.readouterr().out == ""
    with pytest.raises(EngineError, match=r"no GPU could be used for text, .* \(CUDA failure 35"):
        load_bundle(require_gpu=True)
