"""`streamer annotate`: a folder of recordings becomes a table of utterances."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from streamer.cli.download_bar import download_bar

BAD_FILES = 1
"""Exit code where some files could not be read."""


def annotate(
    folder: Annotated[Path, typer.Argument(help="Read with all folders in it.")],
    out: Annotated[Path, typer.Option(help="The table: events.jsonl, or events.parquet (needs pyarrow).")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. [one for each core]")] = None,
    split_channels: Annotated[
        bool, typer.Option("--split-channels", help="Hear each channel by itself, as of calls with a speaker in each.")
    ] = False,
    asr: Annotated[str | None, typer.Option(help="`auto`, `faster-whisper`, `pocketsphinx` or `none`.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A folder with another model bundle.")] = None,
    provider: Annotated[str | None, typer.Option(help="`auto`, `cpu`, `cuda` or `tensorrt`.")] = None,
    config: Annotated[Path | None, typer.Option(help="Another file than ./config.toml.")] = None,
) -> None:
    """Write one row for every utterance of every recording; run again, it goes on where it was cut off."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from streamer.annotate import annotate as annotate_folder
    from streamer.annotate import recordings_in
    from streamer.configuration import load
    from streamer.dashboard.marks import counted, printable

    flags: dict[str, Any] = {"asr.engine": asr, "inference.bundle": bundle, "inference.provider": provider}
    settings = load({key: value for key, value in flags.items() if value is not None}, config).settings
    recordings = recordings_in(folder)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    with _interruptible(), download_bar() as draw, progress:
        task = progress.add_task(str(folder), total=len(recordings.files))
        result = annotate_folder(
            recordings,
            out,
            settings,
            workers=workers or len(os.sched_getaffinity(0)),
            split_channels=split_channels,
            on_file=lambda path: progress.update(task, advance=1, description=printable(path.name)),
            on_download=draw,
        )
    before = f" ({result.skipped} done by an earlier run)" if result.skipped else ""
    told = f"{counted(result.rows, 'utterance')} of {counted(result.done, 'recording')}"
    typer.echo(f"{out}: {told}{before}", err=True)
    for name, reason in sorted(result.in_part.items()):
        typer.echo(f"read in part: {printable(name)}: {printable(reason)}", err=True)
    for name, reason in sorted(result.bad.items()):
        typer.echo(f"left out: {printable(name)}: {printable(reason)}", err=True)
    if result.bad:
        raise typer.Exit(BAD_FILES)


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM as Ctrl-C: the processes are ended, and what is done is kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted; what is done is kept: the same command goes on from there", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
