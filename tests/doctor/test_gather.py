"""What the doctor finds on a machine with a damaged package, and in a folder with settings."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.bundle import shipped
from streamer.doctor import gather


def test_what_pip_left_of_a_package_is_told_and_never_a_traceback(tmp_path: Path) -> None:
    for module in ("onnxruntime", "sounddevice"):
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").touch()
    here = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "streamer", "doctor", "--json"],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    said = {finding["about"]: finding for finding in json.loads(done.stdout)["findings"]}
    for about in ("network bundle", "network voice activity"):
        assert said[about]["status"] == "fail"
        assert "onnxruntime" in said[about]["said"]
    assert "sounddevice" in said["microphone"]["said"]


def test_the_settings_of_the_working_folder_are_looked_at_and_their_bundle_is_the_one_that_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("[inference]\nbundle = 'mine'\n")
    shutil.copytree(shipped(), tmp_path / "mine")
    (tmp_path / "mine" / "text.onnx").unlink()
    facts = gather()
    assert (facts.gpu_asked, facts.gpu_required, facts.asr_engine) == (False, False, "auto")
    assert (facts.settings, facts.settings_error, facts.own_bundle) == ("config.toml", None, Path("mine"))
    (broken,) = [session for session in facts.sessions if session.provider is None]
    assert "mine" in str(broken.error)
    (tmp_path / "config.toml").write_text("[inference]\nbundel = 'mine'\n")
    assert str(gather().settings_error).startswith("inference.bundel: no such key (config.toml:2)")


def test_what_the_settings_ask_of_the_gpu_and_of_words_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text(
        "[inference]\nrequire_gpu = true\n[asr]\nlanguage = 'de'\nmodel = 'tiny.en'\n"
    )
    facts = gather()
    assert facts.gpu_required
    assert any(session.provider is not None for session in facts.sessions), "looked at all the same"
    assert "knows English only" in str(facts.asr_error)
