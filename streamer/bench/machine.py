"""Where a bench runs."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import streamer
from streamer.bench.report import Machine

VECTORS: Final = {"avx512_vnni": "AVX-512 VNNI", "avx_vnni": "AVX VNNI", "avx512f": "AVX-512", "avx2": "AVX2"}
"""What Linux calls the instructions on which the time of 8-bit networks depends most, the fastest first."""


def describe_machine() -> Machine:
    """This machine and this version, now."""
    import onnxruntime  # after streamer, which turns its telemetry off

    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        load_1m=round(os.getloadavg()[0], 2),
        os=platform.platform(),
        python=platform.python_version(),
        onnxruntime=onnxruntime.__version__,
        streamer=streamer.__version__,
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _cpu() -> str:
    """`AMD EPYC (AVX2)`: virtual machines of one name may be two generations apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name, flags = told.get("model name", platform.machine()), told.get("flags", "").split()
    vectors = next((said for flag, said in VECTORS.items() if flag in flags), None)
    return f"{name} ({vectors})" if vectors else name


def _commit() -> str | None:
    command = ["git", "-C", str(Path(streamer.__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except OSError:  # there is no git here
        return None
    return done.stdout.strip() or None
