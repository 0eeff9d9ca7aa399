"""`streamer run`: the daemon, with its dashboard where there is a terminal."""

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamer.cli.download_bar import download_bar
from streamer.errors import ConfigError

if TYPE_CHECKING:
    from streamer.daemon import Daemon, Outcome
    from streamer.settings import Settings

FAILED = 1
"""Exit code where a source ended with an error."""


def run(
    source: Annotated[
        list[str] | None, typer.Option(help="A file or stream: clip.mp4, rtsp://…, udp://…, http://…")
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Camera index or device path.")] = None,
    mic: Annotated[str | None, typer.Option(help="`default`, or part of a microphone's name.")] = None,
    no_mic: Annotated[bool, typer.Option("--no-mic", help="Look only.")] = False,
    pace: Annotated[str | None, typer.Option(help="Of files: `realtime` or `fast`.")] = None,
    subtitles: Annotated[Path | None, typer.Option(help="An SRT file in the place of speech recognition.")] = None,
    asr: Annotated[str | None, typer.Option(help="`auto`, `faster-whisper`, `pocketsphinx` or `none`.")] = None,
    detector: Annotated[str | None, typer.Option(help="`auto`, `yunet`, `haar` or `none`.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A folder with another model bundle.")] = None,
    provider: Annotated[str | None, typer.Option(help="`auto`, `cpu`, `cuda` or `tensorrt`.")] = None,
    require_gpu: Annotated[bool | None, typer.Option("--require-gpu", help="Stop rather than run on the CPU.")] = None,
    bind: Annotated[str | None, typer.Option(help="ZeroMQ endpoint to publish at.")] = None,
    record: Annotated[Path | None, typer.Option(help="Also write every event to this JSON Lines file.")] = None,
    offline: Annotated[bool | None, typer.Option("--offline", help="Never ask a model hub for anything.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Print nothing but errors and the summary.")] = False,
    config: Annotated[Path | None, typer.Option(help="Another file than ./config.toml.")] = None,
) -> None:
    """Listen and look, and publish an emotion and a sentiment for every utterance."""
    from streamer.configuration import load

    flags: dict[str, Any] = {
        "asr.engine": asr,
        "faces.detector": detector,
        "inference.bundle": bundle,
        "inference.provider": provider,
        "inference.require_gpu": require_gpu,
        "publish.bind": bind,
        "publish.record": record,
        "offline": offline,
        "source": _sources(source or (), camera, mic, no_mic=no_mic, pace=pace, subtitles=subtitles),
    }
    loaded = load({key: value for key, value in flags.items() if value is not None}, config)
    raise typer.Exit(play(loaded.settings, headless=headless))


def _sources(
    urls: Sequence[str], camera: str | None, mic: str | None, *, no_mic: bool, pace: str | None, subtitles: Path | None
) -> list[dict[str, Any]] | None:
    """What the flags say of sources, as tables of `config.toml`; None where they say nothing and the file decides."""
    if no_mic and (camera is None or mic is not None):
        raise ConfigError(
            "--no-mic goes with --camera and without --mic: it says that a camera is to be used without sound"
        )
    common = {"pace": pace, "subtitles": subtitles}
    tables: list[dict[str, Any]] = [{"name": name_of(url), "url": url, **common} for url in urls]
    if camera is not None or mic is not None:
        wanted_mic = None if no_mic else (mic or "default")
        index = int(camera) if camera is not None and camera.isdecimal() else camera
        tables.append({"name": "live", "camera": index, "mic": wanted_mic})
    return [{key: value for key, value in table.items() if value is not None} for table in tables] or None


def name_of(url: str) -> str:
    """A source's name from its address: `clip` from `media/clip.mp4`, `camera-8554-door` from `rtsp://camera:8554/door`."""
    tail = re.sub(r"^\w+://", "", url) if "://" in url else Path(url).stem
    return re.sub(r"[^A-Za-z0-9_-]+", "-", tail).strip("-")[:64] or "source"


def play(settings: "Settings", *, headless: bool) -> int:
    """Run the daemon until its sources end or it is told to stop, and sum up; gives the exit code."""
    from streamer.daemon import Daemon

    with download_bar() as draw:
        opened = Daemon(settings, on_download=draw)
    with opened as daemon, _stopping() as stop, _shown(daemon, headless=headless):
        outcomes = daemon.run(stop)
    _sum_up(outcomes)
    return FAILED if any(outcome.error for outcome in outcomes) else 0


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; what was captured is then still published."""
    stop = threading.Event()
    before = {sign: signal.signal(sign, lambda *_: stop.set()) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _shown(daemon: "Daemon", *, headless: bool) -> Iterator[None]:
    """The dashboard on a terminal, one line for each event elsewhere, nothing where nobody looks.

    It reads the same events that a subscriber gets, in a thread: nothing is lost at either end of a short file.
    """
    if headless:
        yield
        return
    from rich.console import Console

    from streamer.dashboard import print_lines, run_dashboard

    console, events = Console(), daemon.publisher.follow()

    def show() -> None:
        if console.is_terminal:
            run_dashboard(events, console, threading.Event(), origin=daemon.publisher.addresses["zmq"])
        else:
            print_lines(events)

    viewer = threading.Thread(target=show, name="view")
    viewer.start()
    try:
        yield
    finally:
        daemon.publisher.close()  # the events end after the last one, and the view with them
        viewer.join()


def _sum_up(outcomes: Sequence["Outcome"]) -> None:
    for outcome in outcomes:
        lost = ", ".join(f"{n} {name} dropped" for name, n in outcome.dropped.items() if n)
        parts = [f"{outcome.utterances} utterance{'' if outcome.utterances == 1 else 's'}", lost or "nothing dropped"]
        if outcome.error is not None:
            parts.append(f"ended by an error: {outcome.error}")
        typer.echo(f"{outcome.source}: {'; '.join(parts)}", err=True)
