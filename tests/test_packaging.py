"""What is in the wheel, and that it works where nothing else of the repository is."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import msgspec
import pytest
from packaging.metadata import Metadata

from streamer.bundle import Manifest

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = "streamer/bundles/small"
NOTICE = "streamer/bundles/NOTICE"
MEGABYTE = 1_000_000


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sizes(wheel: Path) -> dict[str, int]:
    """Of each file in the wheel, unpacked, in bytes."""
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.file_size for info in archive.infolist()}


def test_the_wheel_holds_the_package_streamer_and_nothing_else(sizes: dict[str, int]) -> None:
    assert {name.partition("/")[0] for name in sizes} == {"streamer", "affect_streamer-0.1.0.dist-info"}
    assert {Path(name).suffix for name in sizes if name.startswith("streamer/") and name != NOTICE} <= {
        ".json",
        ".md",
        ".mp4",
        ".onnx",
        ".py",
        ".rttm",
        ".typed",
    }


@pytest.mark.parametrize(
    ("python", "machine", "asked"),
    [
        ("3.11", "x86_64", ["pocketsphinx<6,>=5.1"]),
        ("3.12", "x86_64", ["pocketsphinx<5.1,>=5.0.4"]),
        ("3.12", "aarch64", []),
        ("3.13", "aarch64", ["pocketsphinx<6,>=5.1"]),
        ("3.14", "x86_64", []),
    ],
)
def test_the_embedded_recogniser_is_asked_for_only_where_it_need_not_be_compiled(
    python: str, machine: str, asked: list[str], wheel: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        needed = Metadata.from_email(archive.read(name), validate=False).requires_dist or []
    where = {"python_version": python, "platform_machine": machine, "extra": ""}
    found = [one for one in needed if one.name == "pocketsphinx" and one.marker and one.marker.evaluate(where)]
    assert [f"{one.name}{one.specifier}" for one in found] == asked


def test_the_wheel_holds_every_module(sizes: dict[str, int]) -> None:
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / "streamer").rglob("*.py")}
    assert modules <= sizes.keys()
    assert "streamer/py.typed" in sizes


def test_the_wheel_holds_the_demo_clip_with_its_provenance(sizes: dict[str, int]) -> None:
    assert 0 < sizes["streamer/demo/clip.mp4"] < MEGABYTE
    assert "streamer/demo/PROVENANCE.md" in sizes


def test_the_wheel_holds_the_notice_that_published_weights_ask_for(wheel: Path, sizes: dict[str, int]) -> None:
    assert f"affect_streamer-0.1.0.dist-info/licenses/{NOTICE}" in sizes
    with zipfile.ZipFile(wheel) as archive:
        notice = archive.read(NOTICE).decode()
    assert "OpenAI" in notice
    assert "Permission is hereby granted" in notice


def test_the_wheel_holds_the_bundle_within_its_limit(wheel: Path, sizes: dict[str, int]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        manifest = msgspec.json.decode(archive.read(f"{BUNDLE}/manifest.json"), type=Manifest)
    assert {f"{BUNDLE}/{name}" for name in manifest.files} <= sizes.keys()
    assert sum(size for name, size in sizes.items() if name.startswith(BUNDLE)) < 45 * MEGABYTE


def test_the_installed_wheel_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own that borrows only the dependencies of this one."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, capture_output=True, timeout=60, check=True)
    (site_packages,) = home.glob("lib/python*/site-packages")
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    helped = subprocess.run(
        [home / "bin" / "streamer", "--help"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "Commands:" in helped.stdout
    script = (
        "import streamer; print(streamer.__file__); "
        "print(streamer.load_bundle().predict(text='I am so happy!').emotion.label)"
    )
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    file, label = done.stdout.split()
    assert file.startswith(str(home))
    assert label == "joy"
