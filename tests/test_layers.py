"""Who may import whom, read from the imports themselves."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import streamer

ROOT = Path(__file__).resolve().parents[1]
OURS = {"streamer", "models", "training", "exporters", "benchmarks", "examples", "tests"}
SHARED = {f"streamer.{name}" for name in ("labels", "features", "calibration", "bundle", "errors")}
API = {f"streamer.{name}" for name in streamer.__all__}
CUTTING = {f"streamer.{name}" for name in ("faces", "segment", "messages", "settings")}
"""Training cuts the faces out of a film with the daemon's own eyes and ears, so that both see the same."""
MAY_IMPORT = {
    "shared": SHARED,
    "streamer": {"streamer"},
    "models": {"models"} | SHARED,
    "training": {"training", "models"} | SHARED | API | CUTTING,
    "exporters": {"exporters", "models"} | SHARED | API,
}
WORKSHOP_ONLY = {"torch", "torchaudio", "torchvision", "transformers", "onnx", "onnxscript", "sklearn", "pyarrow"}


def imports(file: Path) -> Iterator[str]:
    """Every name that a file imports, at its top or anywhere inside: `streamer.features.AudioSpec`, `numpy`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


OF_AN_EXTRA: dict[str, set[str]] = {"streamer/annotate/tables.py": {"pyarrow"}}
"""What a file imports where the extra that brings it is installed; it says so where it is not."""


def files(layer: str) -> list[Path]:
    if layer != "shared":
        return sorted((ROOT / layer).rglob("*.py"))
    return [file for file in files("streamer") if belongs(module_of(file), SHARED)]


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def belongs(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_stands_below_it(layer: str) -> None:
    wrong = [  # `import streamer` alone only turns telemetry off
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files(layer)
        for name in imports(file)
        if name.partition(".")[0] in OURS and name != "streamer" and not belongs(name, MAY_IMPORT[layer])
    ]
    assert files(layer)
    assert wrong == []


def test_the_daemon_imports_nothing_that_only_the_workshop_has() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files("streamer")
        for name in imports(file)
        if name.partition(".")[0] in WORKSHOP_ONLY - OF_AN_EXTRA.get(str(file.relative_to(ROOT)), set())
    ]
    assert wrong == []


@cache
def distributions() -> dict[str, set[str]]:
    """Which distributions bring a module, with names as in `pyproject.toml`."""
    found = importlib.metadata.packages_distributions()
    return {module: {normal(name) for name in names} for module, names in found.items()}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_whatever_the_daemon_imports_is_declared_as_its_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in project["dependencies"]}
    third_party = {
        (name.partition(".")[0], str(file.relative_to(ROOT)))
        for file in files("streamer")
        for name in imports(file)
        if name.partition(".")[0]
        not in sys.stdlib_module_names | {"streamer"} | OF_AN_EXTRA.get(str(file.relative_to(ROOT)), set())
    }
    undeclared = {
        f"{file} imports {module}" for module, file in third_party if not distributions().get(module, set()) & declared
    }
    assert undeclared == set()


def test_the_rule_sees_imports_inside_functions(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("def run():\n    from streamer import daemon\n    import torch.nn\n", encoding="utf-8")
    assert list(imports(file)) == ["streamer.daemon", "torch.nn"]
    assert not belongs("streamer.daemon", MAY_IMPORT["training"])
    assert belongs("streamer.load_bundle", MAY_IMPORT["training"])
    assert not belongs("streamer.features_of_mine", MAY_IMPORT["models"])
