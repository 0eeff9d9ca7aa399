"""What a process and its children cost, read from Linux's `/proc`: no library, no work inside the process."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_PROC: Final = Path("/proc")


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (fields := _stat(folder / "stat")):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_s(pid: int) -> float:
    """User and system time of the process and its descendants, those that have ended included where they were waited for."""
    return sum(_cpu(f, reaped=True) for one in family(pid) if (f := _stat(_PROC / str(one) / "stat")))


def cpu_s_by_thread(pid: int) -> dict[str, float]:
    """User and system time by thread name of the process, and `child` for its living descendants; same names are added up."""
    spent: defaultdict[str, float] = defaultdict(float)
    for task in (_PROC / str(pid) / "task").iterdir():
        try:
            text = (task / "stat").read_text()
        except OSError:  # it has just ended
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        spent[name if int(task.name) != pid else "main"] += _cpu(_fields(text), reaped=False)
    for child in family(pid)[1:]:
        if fields := _stat(_PROC / str(child) / "stat"):
            spent["child"] += _cpu(fields, reaped=True)
    return dict(spent)


def memory_mb(pid: int, *, with_children: bool = True) -> float:
    """Resident memory; pages that processes share count for each."""
    pages = 0
    for one in family(pid) if with_children else [pid]:
        if fields := _stat(_PROC / str(one) / "stat"):
            pages += int(fields[21])
    return pages * _PAGE_BYTES / 1e6


def _stat(path: Path) -> list[str]:
    """The fields from `state` on; none where the process has ended."""
    try:
        return _fields(path.read_text())
    except OSError:
        return []


def _fields(text: str) -> list[str]:
    return text[text.rindex(")") + 2 :].split()


def _cpu(fields: list[str], *, reaped: bool) -> float:
    return sum(int(value) for value in fields[11 : 15 if reaped else 13]) / _TICKS_PER_S
