"""The command line as a user meets it: a process of its own."""

import subprocess
import sys

HEAVY = {
    "av",
    "cv2",
    "ctranslate2",
    "faster_whisper",
    "msgspec",
    "numpy",
    "onnxruntime",
    "pydantic",
    "rich",
    "sounddevice",
    "zmq",
}


def streamer(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamer", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_verb() -> None:
    done = streamer("--help")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed >= {"run", "demo", "listen", "watch", "devices", "doctor", "keys", "models", "config"}


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom streamer.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert HEAVY & set(done.stderr.split()) == set()


def test_the_version_is_printed() -> None:
    assert streamer("--version").stdout == "0.1.0\n"


def test_an_error_is_one_line_on_stderr_and_exit_code_two() -> None:
    done = streamer("run", "--source", "/nowhere/clip.mp4", "--config", "/nowhere/config.toml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("streamer: /nowhere/config.toml: no such file")
    assert done.stderr.count("\n") == 1


def test_an_unknown_verb_is_refused_with_the_nearest() -> None:
    done = streamer("ruun")
    assert done.returncode == 2
    assert "Did you mean 'run'?" in done.stderr
