"""What the doctor finds on a machine with a damaged package."""

import json
import os
import subprocess
import sys
from pathlib import Path


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
