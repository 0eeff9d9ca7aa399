"""A sound system of our own: PulseAudio with a null sink, whose monitor is the microphone."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NEEDED = ("pulseaudio", "pacat", "paplay")


class Pulse:
    """One server in a folder of its own; it can be stopped and started again, as a microphone is unplugged."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "native"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start it, and a silence without end: a monitor gives nothing while nothing plays."""
        words = ["pulseaudio", "--daemonize=no", "-n", "--exit-idle-time=-1", "--log-level=info", "--log-target=stderr",
                 "-L", "module-null-sink sink_name=cable rate=48000",
                 "-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"]  # fmt: skip
        server = subprocess.Popen(words, env=self.environment, stderr=subprocess.PIPE)
        self._processes.append(server)
        log = server.stderr
        if log is None:
            raise ValueError("the server has no log to read")
        for line in log:
            if b"Daemon startup complete" in line:
                break
        else:
            pytest.skip("PulseAudio does not start on this machine")
        threading.Thread(target=lambda: [None for _ in log], daemon=True).start()  # it must not wait for a reader
        with Path("/dev/zero").open("rb") as silence:
            self._processes.append(
                subprocess.Popen(
                    ["pacat", "--raw", "--playback", "--latency-msec=20"], env=self.environment, stdin=silence
                )
            )

    def play(self, wav: Path) -> None:
        """Play a file to the microphone, to its end."""
        subprocess.run(["paplay", "--latency-msec=2000", wav], env=self.environment, check=True, timeout=30)

    def stop(self) -> None:
        """Pull the plug."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        self._processes.clear()


@contextmanager
def pulse_server() -> Iterator[Pulse]:
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.skip(f"needs {', '.join(missing)}: sudo apt install pulseaudio pulseaudio-utils libasound2-plugins")
    with tempfile.TemporaryDirectory(prefix="pulse") as folder:  # in /tmp: a socket's path is short
        pulse = Pulse(Path(folder))
        pulse.start()
        try:
            yield pulse
        finally:
            pulse.stop()
