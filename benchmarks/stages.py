"""Where one A/V source's processor time goes: networks and everything else, by stage, as a picture.

    python benchmarks/stages.py --picture docs/stages.svg

Plays the packaged clip in real time through a daemon in this process. The stages' threads are read from `/proc`; the calls of networks
(voice activity, face detection, encoders, fusion) are timed by their threads' own clocks. The recogniser is a process of its own.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any, Final

import av
from rich.console import Console
from rich.table import Table

from streamer.bench.processes import cpu_s_by_thread
from streamer.cli.demo import CLIP
from streamer.daemon import Daemon
from streamer.dashboard import run_dashboard
from streamer.faces.haar import HaarDetector
from streamer.faces.yunet import YuNetDetector
from streamer.inference.session import Session
from streamer.segment.voice_activity import VoiceActivity
from streamer.settings import Settings

STAGES: Final = {
    "capture": "capture",
    "segment": "segment",
    "faces": "faces",
    "analyze": "analyze",
    "publish": "publish",
    "child": "recogniser",
}
"""Names of threads, and what they are called here."""
SCREEN: Final = (160, 40)
EVERY_S: Final = 0.25
LATE: Final = 1.1
"""Times the length of the clip, from which what was measured is not its playing in real time."""


class Timed:
    """Seconds of processor time inside the networks, by the thread that called them."""

    def __init__(self) -> None:
        self.by_thread: defaultdict[str, float] = defaultdict(float)

    def wrap(self, owner: type, name: str) -> None:
        """Time a method wherever it is called."""
        method: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = time.thread_time()
            try:
                return method(*args, **kwargs)
            finally:
                self.by_thread[threading.current_thread().name.rpartition("/")[2]] += time.thread_time() - begin

        setattr(owner, name, timed)


class Dashboard:
    """The dashboard of `streamer run`, on a terminal that nobody sees."""

    def __init__(self, daemon: Daemon) -> None:
        self.spent_s = 0.0
        self._events = daemon.publisher.follow()
        self._origin = daemon.publisher.addresses["zmq"]
        self._thread = threading.Thread(target=self._run, name="dashboard")
        self._thread.start()

    def _run(self) -> None:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            console = Console(file=nowhere, force_terminal=True, width=SCREEN[0], height=SCREEN[1])
            run_dashboard(self._events, console, threading.Event(), origin=self._origin)
        self.spent_s = time.thread_time()

    def join(self) -> None:
        """Wait until the events have ended."""
        self._thread.join()


def clip_s() -> float:
    """How long the clip is."""
    with av.open(str(CLIP)) as clip:
        return (clip.duration or 0) / 1e6  # FFmpeg's AV_TIME_BASE


def profile(asr: str) -> dict[str, tuple[float, float]]:
    """Percent of one core in networks and in everything else, by stage, while the clip plays."""
    timed = Timed()
    for owner, name in ((Session, "run"), (VoiceActivity, "push"), (HaarDetector, "detect"), (YuNetDetector, "detect")):
        timed.wrap(owner, name)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {
                "source": [{"name": "clip", "url": str(CLIP)}],
                "asr": {"engine": asr},
                "publish": {"bind": f"ipc://{folder}/events"},
                "offline": True,
            }
        )
        with Daemon(settings) as daemon:
            dashboard = Dashboard(daemon)
            timed.by_thread.clear()  # the warm-up
            begun_s, before = time.monotonic(), cpu_s_by_thread(os.getpid())
            running = threading.Thread(target=daemon.run, args=(threading.Event(),), name="run")
            running.start()
            spent, took_s = before, 0.0
            while running.is_alive():
                now = cpu_s_by_thread(os.getpid())
                if "capture" in now:  # it ends first: from then on the stages have little to do
                    spent, took_s = now, time.monotonic() - begun_s
                running.join(EVERY_S)
            dashboard.join()
    if took_s > LATE * clip_s():
        Console().print(
            f"The machine was too busy: the clip took {took_s:.0f} s, and shares of that time are too small."
        )
    found = {}
    for name, shown in STAGES.items():
        total_s, networks_s = spent.get(name, 0.0) - before.get(name, 0.0), timed.by_thread[name]
        networks_s = total_s if name == "child" else min(networks_s, total_s)
        found[shown] = (networks_s / took_s * 100, (total_s - networks_s) / took_s * 100)
    found["dashboard"] = (0.0, dashboard.spent_s / took_s * 100)
    return found


def svg(found: dict[str, tuple[float, float]]) -> str:
    """Horizontal bars, networks and the rest side by side."""
    widest = max(sum(both) for both in found.values())
    scale, rows = 460 / widest, []
    for index, (name, (networks, rest)) in enumerate(found.items()):
        y = 52 + index * 30
        rows.append(
            f'<text x="86" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="94" y="{y}" width="{networks * scale:.1f}" height="20" fill="#3b82c4"/>'
            f'<rect x="{94 + networks * scale:.1f}" y="{y}" width="{rest * scale:.1f}" height="20" fill="#d08a2e"/>'
            f'<text x="{100 + (networks + rest) * scale:.1f}" y="{y + 15}">{networks:.1f} + {rest:.1f} %</text>'
        )
    total = sum(rest for _, rest in found.values())
    style = "text{font:12px system-ui,sans-serif;fill:#444}@media(prefers-color-scheme:dark){text{fill:#bbb}}"
    height = 62 + 30 * len(found)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" role="img"><style>{style}</style>'
        f'<text x="16" y="20" font-size="15">One A/V source, percent of one core; all but networks: {total:.1f} %</text>'
        '<rect x="94" y="30" width="10" height="10" fill="#3b82c4"/><text x="108" y="40">networks and recogniser</text>'
        '<rect x="264" y="30" width="10" height="10" fill="#d08a2e"/><text x="278" y="40">everything else</text>'
        f"{''.join(rows)}</svg>\n"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asr", default="pocketsphinx")
    parser.add_argument("--picture", type=Path, help="SVG file")
    parser.add_argument("--out", type=Path, help="JSON file")
    parser.add_argument("--data", help="taken for the sake of `make bench`; not used")
    wanted = parser.parse_args(arguments)
    found = profile(wanted.asr)
    table = Table("stage", "networks %", "everything else %", title="one A/V source, of one core")
    for name, (networks, rest) in found.items():
        table.add_row(name, f"{networks:.1f}", f"{rest:.1f}")
    table.add_row("all", f"{sum(n for n, _ in found.values()):.1f}", f"{sum(r for _, r in found.values()):.1f}")
    Console().print(table)
    if wanted.picture:
        wanted.picture.write_text(svg(found), encoding="utf-8")
    if wanted.out:
        wanted.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
