"""All recordings of a folder, in several processes: each has a thread here that asks it for one file after the other."""

import hashlib
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from streamer import __version__, bundle
from streamer.annotate.parts import Parts
from streamer.annotate.tables import writer
from streamer.annotate.worker import Answer, serve
from streamer.errors import ConfigError
from streamer.models_store import find
from streamer.pinned_models import known_models
from streamer.settings import Settings

MEDIA: Final = frozenset(
    {
        *(
            ".3gp",
            ".avi",
            ".flv",
            ".m2ts",
            ".m4v",
            ".mkv",
            ".mov",
            ".mp4",
            ".mpeg",
            ".mpg",
            ".mts",
            ".ts",
            ".webm",
            ".wmv",
        ),
        *(".aac", ".aif", ".aiff", ".amr", ".flac", ".m4a", ".mka", ".mp3", ".ogg", ".opus", ".wav", ".wma"),
    }
)
"""Endings of files that are read; all others are left alone."""


@dataclass
class Annotated:
    """How it went."""

    rows: int = 0
    done: int = 0
    """Files that are in the table."""
    skipped: int = 0
    """Of them, those that an earlier run had done."""
    bad: dict[str, str] = field(default_factory=dict)
    """Why a file is not, by its path inside the folder."""


def recordings_in(folder: Path) -> list[Path]:
    """Every recording below the folder, by name.

    Raises:
        ConfigError: there is no such folder, or none in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MEDIA and path.is_file())
    if not found:
        raise ConfigError(f"{folder}: no recording in it; read are files that end with {' '.join(sorted(MEDIA))}")
    return found


def annotate(
    folder: Path, out: Path, settings: Settings, *, workers: int, on_file: Callable[[Path], None] = lambda _: None
) -> Annotated:
    """Write one row for each utterance of each recording, in the order of files and time.

    Args:
        folder: Read with all that is below it.
        out: The table; `.jsonl` or `.parquet`.
        settings: The sources, `publish` and the times between events are not used.
        workers: Processes; each needs about one core and 300 MB.
        on_file: Called, from any thread, when a file is done or was done before.

    Raises:
        ConfigError: the folder holds no recordings, or the table cannot be written here.
    """
    write = writer(out)
    files, unwritable = _named(folder)
    parts = Parts(out, made_with=made_with(settings))
    rows = {name: known for name, path in files.items() if (known := parts.read(path, name)) is not None}
    result = Annotated(skipped=len(rows), bad=dict.fromkeys(unwritable, "its name is not UTF-8; rename it"))
    for path in (*(files[name] for name in rows), *unwritable.values()):
        on_file(path)
    todo: SimpleQueue[str] = SimpleQueue()
    for name in files.keys() - rows.keys():
        todo.put(name)

    def answered(name: str, answer: Answer) -> None:
        if isinstance(answer, str):
            result.bad[name] = answer
        else:
            parts.write(files[name], name, answer)
            rows[name] = answer
        on_file(files[name])

    _work_off(todo, files, settings, min(workers, todo.qsize()), answered)
    table = [row for name in sorted(rows) for row in rows[name]]
    write(out, table)
    result.rows, result.done = len(table), len(rows)
    return result


def _named(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The recordings by their path inside the folder; and apart, by what can be printed of it, those that no table can name."""
    files, unwritable = {}, {}
    for path in recordings_in(folder):
        name = str(path.relative_to(folder))
        try:
            name.encode()
        except UnicodeEncodeError:
            unwritable[name.encode(errors="backslashreplace").decode()] = path
        else:
            files[name] = path
    return files, unwritable


def made_with(settings: Settings) -> str:
    """What the rows depend on, beside the recordings: `auto` means something else once another model is here."""
    kept = settings.model_dump_json(include={"segment", "faces", "asr"})
    here = [model.name for model in known_models() if find(model)]
    read = bundle.read(settings.inference.bundle).sha256
    return hashlib.sha256(f"{__version__} {kept} {here} {read}".encode()).hexdigest()[:16]


def _work_off(
    todo: "SimpleQueue[str]",
    files: dict[str, Path],
    settings: Settings,
    workers: int,
    answered: Callable[[str, Answer], None],
) -> None:
    """Until there is nothing to do. What goes wrong here, rather than in a file, is raised when all have ended."""
    failures: list[BaseException] = []
    stopped = threading.Event()
    started: list[_Worker] = []

    def run() -> None:
        worker = _Worker(settings)
        started.append(worker)
        try:
            while not stopped.is_set():
                name = todo.get_nowait()
                answered(name, worker.ask(files[name], name))
        except Empty:
            pass  # every file has been taken: the ordinary end
        except BaseException as err:  # noqa: BLE001 - raised again below
            failures.append(err)
        finally:
            worker.close()

    threads = [threading.Thread(target=run, name=f"annotate/{index}", daemon=True) for index in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:  # an interrupt: the files in hand are given up, those that are done are kept
        stopped.set()
        for worker in started:
            worker.give_up()
        raise
    if failures:
        raise failures[0]


class _Worker:
    """A process that is started when it is needed, and again after a file has crashed it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None

    def ask(self, path: Path, name: str) -> Answer:
        if self._process is None:
            self._connection, theirs = self._context.Pipe()
            self._process = self._context.Process(target=serve, args=(theirs, self._settings), daemon=False)
            self._process.start()
            theirs.close()
        try:
            self._connection.send((path, name))
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code, self._process = self._process.exitcode, None
            return f"its process ended with code {code}"
        return answer

    def give_up(self) -> None:
        """From another thread: whoever waits for an answer gets none."""
        if (process := self._process) is not None:
            process.terminate()

    def close(self) -> None:
        if self._process is not None:
            self._connection.close()
            self._process.join(10)
            self._process.terminate()
            self._process = None
