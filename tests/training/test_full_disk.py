"""Where nothing can be written: one line that names the place, and what was there before stays."""

import runpy
import sys
from pathlib import Path

import pytest

from training.weight_files import read, write


@pytest.mark.parametrize("out", ["/dev/full", "taken"])
def test_a_place_that_cannot_be_written_is_one_line_without_a_traceback(
    mini_meld: Path, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = out if out.startswith("/") else str(tmp_path)  # a folder, where a file is asked for
    monkeypatch.setattr(sys, "argv", ["training", "eda", "--data", str(mini_meld), "--out", place])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("training", run_name="__main__")
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_weights_that_find_the_disk_full_name_their_file_and_leave_the_ones_before(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write(path, {"step": 1})
    (tmp_path / "last.pt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot be written, is the disk full.*last\.pt"):
        write(path, {"step": 2, "weights": "long " * 100_000})
    assert read(path, "") == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]
