"""The table of the shipped graphs is written, whatever they take."""

import json
from pathlib import Path

import pytest

from benchmarks.networks import main


def test_each_graph_has_its_row(tmp_path: Path) -> None:
    out = tmp_path / "networks.json"
    main(["--rounds", "1", "--out", str(out)])
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [row[0] for row in found["rows"]] == ["text", "audio", "video", "fusion"]
    assert all(float(row[3]) > 0 for row in found["rows"])


def test_they_run_on_the_processor_also_where_there_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def built_for_both() -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    monkeypatch.setattr("onnxruntime.get_available_providers", built_for_both)
    main(["--rounds", "1"])
    assert caplog.messages == [], "this onnxruntime refuses CUDA where it is asked for, which is told"
