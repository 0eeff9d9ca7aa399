import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest

from streamer.nvidia_wheels import load_cuda_12, load_libraries

MAPS = Path("/proc/self/maps")
pytestmark = pytest.mark.skipif(not MAPS.exists(), reason="looks into Linux's /proc")


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which modules are found that are not imported yet."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    importlib.invalidate_caches()
    return tmp_path


def a_library() -> str:
    """Some library that this process has loaded already, so that a second copy of it can be loaded too."""
    (found, *_) = re.findall(r"\S+/libz[^/\s]*\.so[^\s]*|\S+/libm\.so[^\s]*", MAPS.read_text())
    return str(found)


def installed(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(a_library(), folder / name))


def test_libraries_of_cuda_12_are_loaded_from_their_wheels_whichever_others_lie_there(site_packages: Path) -> None:
    cublas, cudnn = site_packages / "nvidia" / "cublas" / "lib", site_packages / "nvidia" / "cudnn" / "lib"
    wanted = [
        installed(cublas, "libcublasLt.so.12"),
        installed(cublas, "libcublas.so.12"),
        installed(cudnn, "libcudnn_ops.so.9"),
    ]
    installed(cublas, "libcublas.so.13")
    assert load_cuda_12() == wanted
    mapped = MAPS.read_text()
    assert all(str(path) in mapped for path in wanted)
    assert str(cublas / "libcublas.so.13") not in mapped  # torch may have its own


def test_what_cannot_be_loaded_is_left_out(site_packages: Path) -> None:
    broken = site_packages / "made_libs" / "libbroken.so.1"
    broken.parent.mkdir()
    broken.write_bytes(b"no library")
    good = installed(site_packages / "made_libs", "libgood.so.1")
    assert load_libraries("made_libs", "lib*.so.*") == [good]


def test_without_the_wheel_nothing_happens() -> None:
    assert "no_such_wheel" not in sys.modules
    assert load_libraries("no_such_wheel/lib", "*") == []
