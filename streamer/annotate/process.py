"""The processes that judge recordings, as who asks them sees them."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from pathlib import Path

from streamer.annotate.worker import Answer, Opened, serve
from streamer.asr import Device, fetch_model
from streamer.errors import StreamerError
from streamer.models_store import OnProgress
from streamer.settings import Settings


@contextmanager
def started(settings: Settings, count: int, on_download: OnProgress | None) -> "Iterator[list[Worker]]":
    """So many workers, with all that they need: what is wrong with that is told once, before any recording is taken.

    Raises:
        StreamerError: the networks cannot be loaded, or the named speech model cannot be had.
    """
    workers = [Worker(settings) for _ in range(count)]
    try:
        for worker in workers:
            worker.start()
        devices = [worker.opened() for worker in workers]
        for device in devices[:1]:
            fetch_model(settings.asr, device=device, offline=settings.offline, on_progress=on_download)
        yield workers
    except BaseException:  # an interrupt: the recordings in hand are given up, those that are done are kept
        for worker in workers:
            worker.give_up()
        raise
    finally:
        for worker in workers:
            worker.close()


class Worker:
    """A process, which is started again after a recording has crashed it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None

    def start(self) -> None:
        """Begin to load the networks."""
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(theirs, self._settings), daemon=False)
        self._process.start()
        theirs.close()

    def opened(self) -> Device:
        """Wait until they are loaded; gives what they run on.

        Raises:
            StreamerError: they are not.
        """
        try:
            opened: Opened = self._connection.recv()
        except (EOFError, OSError):
            raise StreamerError(
                f"annotate: a worker's process {self._ended()} before it could begin; fewer --workers need less memory"
            ) from None
        if isinstance(opened, StreamerError):
            raise opened
        return opened

    def ask(self, path: Path, name: str) -> Answer:
        """What is in a recording; takes a good part of its length.

        Raises:
            StreamerError: the process had to be started again, and could not.
        """
        if self._process is None:
            self.start()
            self.opened()
        try:
            self._connection.send((path, name))
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            return f"its process {self._ended()}"
        return answer

    def give_up(self) -> None:
        """From another thread: whoever waits for an answer gets none."""
        if (process := self._process) is not None:
            process.terminate()

    def close(self) -> None:
        """End the process."""
        if (process := self._process) is not None:
            self._connection.close()
            process.join(10)
            process.terminate()
            self._process = None

    def _ended(self) -> str:
        process, self._process = self._process, None
        if process is None:
            return "was ended"
        process.join()
        return f"ended with code {process.exitcode}"
