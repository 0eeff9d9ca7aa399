"""How fast `streamer annotate` goes through a folder."""

import json
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
from streamer.bench.running import environment
from streamer.errors import StageError, StreamerError


def measure_archive(clip: Path, *, asr: str, files: int, tell: Callable[[str], None]) -> Archive:
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
        out, config = folder / "events.jsonl", folder / "bench.toml"
        config.write_text("offline = true\n", encoding="utf-8")
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
            "--asr",
            asr,
            "--config",
            str(config),
        ]
        began_s, cpu_s = time.perf_counter(), _children_cpu_s()
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, env=environment())
        took_s, cpu_s = time.perf_counter() - began_s, _children_cpu_s() - cpu_s
        if done.returncode:
            raise StageError("annotate", StreamerError(done.stderr.strip().removeprefix("streamer: ")))
        engine = _engine(out)
    seconds = files * _length_s(clip)
    return Archive(
        files=files,
        asr=engine,
        seconds=round(seconds, 1),
        workers=workers,
        took_s=round(took_s, 1),
        times_real_time=round(seconds / took_s, 1),
        cpu_times_real_time=round(seconds / cpu_s, 1),
    )


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _engine(table: Path) -> str | None:
    """Whose words stand in it."""
    rows = map(json.loads, table.read_text(encoding="utf-8").splitlines())
    return next((row["asr"] for row in rows if row["asr"] is not None), None)


def _length_s(clip: Path) -> float:
    import av

    with av.open(str(clip)) as container:
        return float(container.duration or 0) / 1e6  # FFmpeg's AV_TIME_BASE
