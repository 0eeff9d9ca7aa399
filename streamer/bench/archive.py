"""How fast `streamer annotate` goes through a folder."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from streamer.bench.report import Archive
from streamer.errors import StageError, StreamerError


def measure_archive(clip: Path, *, files: int, tell: Callable[[str], None]) -> Archive:
    """Annotate so many copies of a recording, in as many processes as there are cores; start-up included.

    Raises:
        StageError: the command failed.
    """
    workers = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as name:
        folder = Path(name)
        for number in range(files):
            shutil.copyfile(clip, folder / f"{number:03}{clip.suffix}")
        tell(f"streamer annotate: {files} files, {workers} processes")
        out = folder / "events.jsonl"
        command = [
            sys.executable,
            "-m",
            "streamer",
            "annotate",
            str(folder),
            "--out",
            str(out),
            "--workers",
            str(workers),
        ]
        began_s, cpu_s = time.perf_counter(), _children_cpu_s()
        done = subprocess.run(
            [*command, "--asr", "pocketsphinx"], capture_output=True, text=True, cwd=folder, check=False
        )
        took_s, cpu_s = time.perf_counter() - began_s, _children_cpu_s() - cpu_s
        if done.returncode:
            raise StageError("annotate", StreamerError(done.stderr.strip().removeprefix("streamer: ")))
    seconds = files * _length_s(clip)
    return Archive(
        files=files,
        seconds=round(seconds, 1),
        workers=workers,
        took_s=round(took_s, 1),
        times_real_time=round(seconds / took_s, 1),
        cpu_times_real_time=round(seconds / cpu_s, 1),
    )


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _length_s(clip: Path) -> float:
    import av

    with av.open(str(clip)) as container:
        return float(container.duration or 0) / 1e6  # FFmpeg's AV_TIME_BASE
