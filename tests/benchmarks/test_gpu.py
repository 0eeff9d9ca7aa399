"""The benchmark that waits for a GPU runs on a CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(("batching", "ours"), [("auto", "onnxruntime CPU"), ("on", "onnxruntime CPU bound")])
def test_every_recipe_runs_on_both_engines_at_its_smallest(batching: str, ours: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "gpu.json"
    words = ["--size", "tiny", "--provider", "cpu", "--batches", "1,2", "--seconds", "0.02", "--no-compile"]
    words += ["--batching", batching]
    env = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # threads that spin for work are slow on a busy machine
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *words, "--out", str(out)]
    subprocess.run(command, check=True, cwd=ROOT, env=env, timeout=110)
    rows = json.loads(out.read_text())["rows"]
    engines = {(recipe, engine) for recipe, engine, *_ in rows}
    from training.recipes import RECIPES

    assert engines == {(recipe, engine) for recipe in RECIPES for engine in (ours, "torch eager")}
    assert all(float(latency_ms) > 0 for _, _, _, latency_ms, *_ in rows)
