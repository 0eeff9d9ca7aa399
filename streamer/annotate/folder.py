"""All recordings of a folder, in several processes: each has a thread here that asks it for one file after the other."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from streamer import __version__, bundle
from streamer.annotate.parts import Parts
from streamer.annotate.process import Worker, started
from streamer.annotate.tables import writer
from streamer.annotate.worker import Answer
from streamer.errors import ConfigError
from streamer.models_store import OnProgress, find
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
    in_part: dict[str, str] = field(default_factory=dict)
    """Why a file that is in the table was not read to its end."""


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
    folder: Path,
    out: Path,
    settings: Settings,
    *,
    workers: int,
    on_file: Callable[[Path], None] = lambda _: None,
    on_download: OnProgress | None = None,
) -> Annotated:
    """Write one row for each utterance of each recording, in the order of files and time.

    Args:
        folder: Read with all that is below it.
        out: The table; `.jsonl` or `.parquet`.
        settings: The sources, `publish` and the times between events are not used.
        workers: Processes; each needs about one core and 300 MB.
        on_file: Called, from any thread, when a file is done or was done before.
        on_download: Told of a speech model that is fetched, which happens only where its engine is named.

    Raises:
        ConfigError: the folder holds no recordings, or the table cannot be written here.
        StreamerError: the networks cannot be loaded, the named speech model cannot be had, or the disk is full.
    """
    write = writer(out)
    files, unwritable = _named(folder)
    parts = Parts(out, made_with=made_with(settings))
    parts.open()
    judged = {name: known for name, path in files.items() if (known := parts.read(path, name)) is not None}
    result = Annotated(skipped=len(judged), bad=dict.fromkeys(unwritable, "its name is not UTF-8; rename it"))
    for path in (*(files[name] for name in judged), *unwritable.values()):
        on_file(path)
    todo: SimpleQueue[str] = SimpleQueue()
    for name in files.keys() - judged.keys():
        todo.put(name)

    def answered(name: str, answer: Answer) -> None:
        if isinstance(answer, str):
            result.bad[name] = answer
        else:
            parts.write(files[name], name, answer)
            judged[name] = answer
        on_file(files[name])

    with started(settings, min(workers, todo.qsize()), on_download) as ready:
        _work_off(todo, files, ready, answered)
    table = [row for name in sorted(judged) for row in judged[name].rows]
    write(out, table)
    result.rows, result.done = len(table), len(judged)
    result.in_part = {name: known.trouble for name, known in judged.items() if known.trouble is not None}
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
    todo: "SimpleQueue[str]", files: dict[str, Path], workers: list[Worker], answered: Callable[[str, Answer], None]
) -> None:
    """Until there is nothing to do. What goes wrong here, rather than in a file, is raised when all have ended."""
    failures: list[BaseException] = []
    stopped = threading.Event()

    def run(worker: Worker) -> None:
        try:
            while not stopped.is_set():
                name = todo.get_nowait()
                answered(name, worker.ask(files[name], name))
        except Empty:
            pass  # every file has been taken: the ordinary end
        except BaseException as err:  # noqa: BLE001 - raised again below
            failures.append(err)
            stopped.set()  # a full disk is full for all

    threads = [
        threading.Thread(target=run, args=(worker,), name=f"annotate/{index}", daemon=True)
        for index, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stopped.set()  # an interrupt
    if failures:
        raise failures[0]
