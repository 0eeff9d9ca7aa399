"""`streamer run`: the daemon, with its dashboard where there is a terminal."""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streamer.cli.download_bar import download_bar
from streamer.errors import ConfigError

if TYPE_CHECKING:
    from streamer.daemon import Daemon
    from streamer.group import Outcome
    from streamer.settings import Settings

FAILED = 1
"""Exit code where a source ended with an error, or the recording is not complete."""
NAME_LENGTH: Final = 64
"""Of a source, at most."""
SAME_SIGNAL_S: Final = 0.5
"""A signal that comes so soon after the first is no second one."""
VIEW_ENDS_S: Final = 3.0
"""How long the view may go on after a signal: nobody may be reading it."""
TERMINAL_BACK_S: Final = 1.0
"""How long it may take to leave the terminal as it was."""


def run(
    source: Annotated[
        list[str] | None, typer.Option(help="A file or stream: clip.mp4, rtsp://…, udp://…, http://…")
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Camera index or device path.")] = None,
    mic: Annotated[str | None, typer.Option(help="`default`, or part of a microphone's name.")] = None,
    no_mic: Annotated[bool, typer.Option("--no-mic", help="Look only.")] = False,
    channel: Annotated[int | None, typer.Option(help="The one channel of its sound that is heard, from 1.")] = None,
    pace: Annotated[str | None, typer.Option(help="Of --source, if a file: `realtime` or `fast`.")] = None,
    subtitles: Annotated[
        Path | None, typer.Option(help="An SRT file in the place of speech recognition of --source.")
    ] = None,
    asr: Annotated[str | None, typer.Option(help="`auto`, `faster-whisper`, `pocketsphinx` or `none`.")] = None,
    detector: Annotated[str | None, typer.Option(help="`auto`, `yunet`, `haar` or `none`.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A folder with another model bundle.")] = None,
    provider: Annotated[str | None, typer.Option(help="`auto`, `cpu`, `cuda` or `tensorrt`.")] = None,
    require_gpu: Annotated[bool | None, typer.Option("--require-gpu", help="Stop rather than run on the CPU.")] = None,
    bind: Annotated[str | None, typer.Option(help="ZeroMQ endpoint to publish at.")] = None,
    record: Annotated[Path | None, typer.Option(help="Also append every event to this JSON Lines file.")] = None,
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
        "source": _sources(source or (), camera, mic, no_mic=no_mic, channel=channel, pace=pace, subtitles=subtitles),
    }
    loaded = load({key: value for key, value in flags.items() if value is not None}, config)
    raise typer.Exit(play(loaded.settings, headless=headless))


def _sources(
    urls: Sequence[str],
    camera: str | None,
    mic: str | None,
    *,
    no_mic: bool,
    channel: int | None,
    pace: str | None,
    subtitles: Path | None,
) -> list[dict[str, Any]] | None:
    """What the flags say of sources, as tables of `config.toml`; None where they say nothing and the file decides."""
    if no_mic and (camera is None or mic is not None):
        raise ConfigError(
            "--no-mic goes with --camera and without --mic: it says that a camera is to be used without sound"
        )
    common = {"pace": pace, "subtitles": subtitles}
    for flag, value in common.items():
        if value is not None and not urls:
            raise ConfigError(
                f"--{flag} goes with --source; for a source of config.toml, write `{flag}` into its [[source]] table"
            )
    if subtitles is not None and len(urls) > 1:
        raise ConfigError(
            "--subtitles goes with one --source: they are the words of one film; for several, write a [[source]] table "
            "with its own `subtitles` for each into config.toml"
        )
    tables: list[dict[str, Any]] = [{"name": name_of(url), "url": url, "channel": channel, **common} for url in urls]
    if camera is not None or mic is not None:
        wanted_mic = None if no_mic else (mic or "default")
        index = int(camera) if camera is not None and camera.isdecimal() else camera
        tables.append({"name": "live", "camera": index, "mic": wanted_mic, "channel": channel})
    if channel is not None and not tables:
        raise ConfigError(
            "--channel goes with --source or --mic; for a source of config.toml, write `channel` into its [[source]] table"
        )
    for table, name in zip(tables, distinct([table["name"] for table in tables]), strict=True):
        table["name"] = name
    return [{key: value for key, value in table.items() if value is not None} for table in tables] or None


def name_of(url: str) -> str:
    """A source's name from its address: `clip` from `media/clip.mp4`, `camera-8554-door` from `rtsp://camera:8554/door`.

    A name is published: what may hold a password, before the host and after the path, is no part of it.
    """
    place = re.match(r"[^/]*://([^/?#]*@)?(?P<public>[^?#]*)", url)
    tail = place["public"] if place else Path(url).stem
    return re.sub(r"[^A-Za-z0-9_-]+", "-", tail).strip("-")[:NAME_LENGTH] or "source"


def distinct(names: Sequence[str]) -> list[str]:
    """The names, where one comes again with a number: `clip`, `clip-2`; never one that another source has."""
    given: list[str] = []
    for name in names:
        numbered = [name[: NAME_LENGTH - len(end)] + end for end in map("-{}".format, range(2, len(names) + 2))]
        given.append(name if name not in given else next(new for new in numbered if new not in {*names, *given}))
    return given


def play(settings: "Settings", *, headless: bool) -> int:
    """Run the daemon until its sources end or it is told to stop, and sum up; gives the exit code."""
    from streamer.daemon import Daemon

    with download_bar() as draw:
        opened = Daemon(settings, on_download=draw)
    with opened as daemon, _stopping() as stop, _shown(daemon, stop, headless=headless):
        outcomes = daemon.run(stop)
    unwritten = daemon.publisher.sink_failure
    _sum_up(outcomes, unwritten)
    return FAILED if unwritten or any(outcome.error for outcome in outcomes) else 0


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and a closed terminal set; what was captured is then still published.

    A second signal ends the process at once. `timeout` and some service managers send one signal to the process and to its group: what
    comes so soon is the same one. A terminal that is closed may say so twice, once through its shell.
    """
    stop = threading.Event()
    heeded_s: float | None = None
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if before[signal.SIGHUP] == signal.SIG_IGN:  # nohup: the terminal may go
        del before[signal.SIGHUP]

    def restore() -> None:
        for sign, handler in before.items():
            signal.signal(sign, handler)

    def heed(sign: int, _: object) -> None:
        nonlocal heeded_s
        if heeded_s is None:
            heeded_s = time.monotonic()
            stop.set()
        elif sign != signal.SIGHUP and time.monotonic() - heeded_s >= SAME_SIGNAL_S:
            restore()
            signal.raise_signal(sign)

    for sign in before:
        signal.signal(sign, heed)
    try:
        yield stop
    except KeyboardInterrupt:  # the second one; to close what threads still use would do harm
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        raise
    finally:
        restore()


@contextmanager
def _shown(daemon: "Daemon", stop: threading.Event, *, headless: bool) -> Iterator[None]:
    """The dashboard on a terminal, one line for each event elsewhere, nothing where nobody looks.

    It reads the same events that a subscriber gets, in a thread: nothing is lost at either end of a short file. The daemon never waits
    for who reads slowly: states pass by, and at the end the utterances are waited for, until a signal comes.
    """
    if headless:
        yield
        return
    from rich.console import Console

    from streamer.dashboard import fills_terminal, print_lines, run_dashboard
    from streamer.dashboard.printing import swallow

    console, events = Console(), daemon.publisher.follow()
    full_screen = fills_terminal(console)
    given_up, shown = threading.Event(), threading.Event()

    def show() -> None:
        try:
            if full_screen:
                run_dashboard(events, console, given_up, origin=daemon.publisher.addresses["zmq"])
            else:
                print_lines(events)
        except OSError:  # the terminal was closed; what is still to come is published all the same
            swallow(sys.stdout)
        finally:
            events.abandon()
            shown.set()

    threading.Thread(target=show, name="view", daemon=True).start()
    try:
        yield
        ended = daemon.publisher.close()  # the events end after the last one, and the view with them
        while ended and not stop.is_set() and not shown.wait(0.1):
            pass
        shown.wait(VIEW_ENDS_S)
        if events.lost:
            typer.echo(f"what was printed lacks {events.lost} utterances: it was read too slowly", err=True)
    finally:
        given_up.set()
        if full_screen:
            shown.wait(TERMINAL_BACK_S)
        if not shown.is_set():
            # Python flushes its output at the end, and would wait for the view, which waits for its reader.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end


def _sum_up(outcomes: Sequence["Outcome"], unwritten: str | None) -> None:
    lines = [f"{outcome.source}: {_how_it_went(outcome)}" for outcome in outcomes]
    lines += [f"not all was written: {unwritten}"] if unwritten else []
    try:
        for line in lines:
            typer.echo(line, err=True)
    except OSError:  # the terminal was closed: nobody reads it
        from streamer.dashboard.printing import swallow

        swallow(sys.stderr)


def _how_it_went(outcome: "Outcome") -> str:
    from streamer.dashboard.marks import counted

    lost = ", ".join(f"{name} {n}" for name, n in outcome.dropped.items() if n)
    parts = [counted(outcome.utterances, "utterance")]
    if lost or not outcome.trouble:
        parts.append(f"dropped {lost}" if lost else "nothing dropped")
    if outcome.trouble:
        parts.append(outcome.trouble)
    if outcome.error is not None:
        parts.append(f"ended by an error: {outcome.error}")
    return "; ".join(parts)
