"""Progress on the terminal; plain lines where the output is a file."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

_LINE_EVERY_S: Final = 60.0
_WIDE: Final = 160


class Bar:
    """One epoch's bar; where nobody watches, a line a minute."""

    def __init__(self, rich: RichProgress, task: TaskID) -> None:
        self._rich, self._task = rich, task
        self._said_s = time.monotonic()

    def advance(self, loss: float | None = None) -> None:
        """One batch further."""
        self._rich.update(self._task, advance=1, loss="" if loss is None else f"loss {loss:.3f}")
        task = self._rich.tasks[0]
        if not self._rich.console.is_terminal and time.monotonic() - self._said_s > _LINE_EVERY_S:
            self._said_s = time.monotonic()
            self._rich.console.print(
                f"{task.description}: {task.completed:.0f} of {task.total:.0f}  {task.fields['loss']}", highlight=False
            )


class Progress:
    """Says how far a training is."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(quiet=os.environ.get("RANK", "0") != "0")  # one of several processes says it
        if console is None and not self.console.is_terminal and "COLUMNS" not in os.environ:
            self.console.width = _WIDE  # a file has no edge at which names in tables would have to be cut

    @contextmanager
    def epoch(self, stage: str, number: int, of: int, batches: int) -> Iterator[Bar]:
        """A bar over one epoch's batches."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
        )
        with RichProgress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as rich:
            yield Bar(rich, rich.add_task(f"{stage} {number}/{of}", total=batches, loss=""))

    def say(self, line: str) -> None:
        """One line that stays."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
