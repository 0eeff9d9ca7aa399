"""The bar that shows how far a download has come, on a terminal's standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamer.models_store import OnProgress


@contextmanager
def download_bar() -> Iterator["OnProgress"]:
    """What a download is to call; nothing is drawn before it does, nor where there is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = progress.add_task("", total=None)

    def draw(name: str, done_bytes: int, total_bytes: int) -> None:
        progress.start()
        progress.update(task, description=name, completed=done_bytes, total=total_bytes)

    try:
        yield draw
    finally:
        progress.stop()
