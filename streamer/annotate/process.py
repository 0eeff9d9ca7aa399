"""The processes that judge recordings, as who asks them sees them."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess

from streamer.annotate.worker import Answer, Opened, Question, serve
from streamer.errors import StreamerError
from streamer.settings import InferenceSettings


@contextmanager
def started(inference: InferenceSettings) -> "Iterator[Crew]":
    """A first worker, with its networks: what is wrong with them is told once, before any recording is taken.

    Raises:
        StreamerError: the networks cannot be loaded.
    """
    crew = Crew(inference)
    try:
        crew.hire(1)
        yield crew
    except BaseException:  # an interrupt: the recordings in hand are given up, those that are done are kept
        for worker in crew.workers:
            worker.give_up()
        raise
    finally:
        for worker in crew.workers:
            worker.close()


class Crew:
    """The workers, and what the networks of the first of them are; all have the same."""

    opened: Opened

    def __init__(self, inference: InferenceSettings) -> None:
        self.workers: list[Worker] = []
        self._inference = inference

    def hire(self, count: int) -> None:
        """So many in all; they load their networks side by side.

        Raises:
            StreamerError: one cannot.
        """
        new = [Worker(self._inference) for _ in range(len(self.workers), count)]
        self.workers += new
        for worker in new:
            worker.start()
        for worker in new:
            self.opened = worker.opened()


class Worker:
    """A process, which is started again after a recording has crashed it."""

    def __init__(self, inference: InferenceSettings) -> None:
        self._inference = inference
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None

    def start(self) -> None:
        """Begin to load the networks."""
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(theirs, self._inference), daemon=False)
        self._process.start()
        theirs.close()

    def opened(self) -> Opened:
        """Wait until they are loaded.

        Raises:
            StreamerError: they are not.
        """
        try:
            opened: Opened | StreamerError = self._connection.recv()
        except (EOFError, OSError):
            raise StreamerError(
                f"annotate: a worker's process {self._ended()} before it could begin; fewer --workers need less memory"
            ) from None
        if isinstance(opened, StreamerError):
            raise opened
        return opened

    def ask(self, question: Question) -> Answer:
        """What is in a recording; takes a good part of its length.

        Raises:
            StreamerError: the process had to be started again, and could not.
        """
        if self._process is None:
            self.start()
            self.opened()
        try:
            self._connection.send(question)
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            return f"its process {self._ended()}"
        return answer

    def give_up(self) -> None:
        """From another thread: whoever waits for an answer gets none."""
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process."""
        if (process := self._process) is not None:
            self._connection.close()
            process.join(10)
            process.kill()
            self._process = None

    def _ended(self) -> str:
        process, self._process = self._process, None
        if process is None:
            return "was ended"
        process.join()
        return f"ended with code {process.exitcode}"
