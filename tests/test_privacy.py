"""Nothing leaves the machine, and nothing is kept for others to send: neither by us nor by the libraries below."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PREDICT = "import streamer; print(streamer.load_bundle().predict(text='I am so happy!').emotion.label)"
LINGER = PREDICT + "; import time; time.sleep(15)"  # the uploader looks its host up after nine
BRINGS_ONNX_RUNTIME = {"onnxruntime", "faster_whisper"}


def in_an_empty_home(home: Path, command: list[str], **environment: str) -> str:
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, **places, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("wanted", ["", "0", "1"])
def test_a_prediction_writes_nothing_for_telemetry_whatever_the_environment_says(wanted: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PREDICT]
    assert in_an_empty_home(tmp_path, command, ORT_DISABLE_TELEMETRY=wanted) != ""
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which sees what is asked of the network")
def test_a_prediction_asks_nothing_of_a_network(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=network", "-o", str(trace), sys.executable, "-c", LINGER]
    in_an_empty_home(tmp_path, command, ORT_DISABLE_TELEMETRY="0")
    asked = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    assert asked == []


@pytest.mark.parametrize("package", ["training", "exporters", pytest.param("models", marks=pytest.mark.slow)])
def test_a_workshop_package_turns_telemetry_off_before_it_can_import_onnx_runtime(package: str, tmp_path: Path) -> None:
    asks = f"import os, {package}; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert in_an_empty_home(tmp_path, [sys.executable, "-c", asks], ORT_DISABLE_TELEMETRY="0") == "1\n"


@pytest.mark.parametrize("folder", ["benchmarks", "examples", "docs"])
def test_no_script_imports_onnx_runtime_before_it_has_imported_streamer(folder: str) -> None:
    """At the top, where the sorted imports would put it first."""
    found = [
        file.name
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)])
        if name.partition(".")[0] in BRINGS_ONNX_RUNTIME
    ]
    assert found == []
