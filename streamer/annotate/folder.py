"""All recordings of a folder, in several processes: each has a thread here that asks it for one file after the other."""

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from streamer import __version__
from streamer.annotate.parts import Parts, alone_at, version_of
from streamer.annotate.process import Crew, Worker, started
from streamer.annotate.recordings import Recordings
from streamer.annotate.rows import COLUMNS, Judged
from streamer.annotate.tables import writer
from streamer.annotate.worker import Question
from streamer.asr import fetch_model, pinned
from streamer.models_store import OnProgress, find
from streamer.pinned_models import known_models
from streamer.settings import Settings


@dataclass
class Annotated:
    """How it went."""

    rows: int = 0
    done: int = 0
    """Files that are in the table."""
    skipped: int = 0
    """Of them, those that an earlier run had done."""
    bad: dict[str, str] = field(default_factory=dict)
    """Why a file or a folder is not, by its path inside the folder."""
    in_part: dict[str, str] = field(default_factory=dict)
    """Why a file that is in the table was not read to its end."""


def annotate(
    recordings: Recordings,
    out: Path,
    settings: Settings,
    *,
    workers: int,
    split_channels: bool = False,
    on_file: Callable[[Path], None] = lambda _: None,
    on_download: OnProgress | None = None,
) -> Annotated:
    """Write one row for each utterance of each recording, in the order of files and time.

    Args:
        recordings: What is read.
        out: The table; `.jsonl` or `.parquet`.
        settings: The sources, `publish` and the times between events are not used.
        workers: Processes; each needs about one core and 300 MB.
        split_channels: Each channel of a recording's sound is heard by itself, as where each has a speaker of its own.
        on_file: Called, from any thread, when a file is done or was done before.
        on_download: Told of a speech model that is fetched, which happens only where its engine is named.

    Raises:
        ConfigError: the table cannot be written here.
        StreamerError: the networks cannot be loaded, the named speech model cannot be had, or the disk is full.
    """
    write = writer(out)
    with alone_at(out):
        with started(settings.inference) as crew:
            fetch_model(settings.asr, device=crew.opened.device, offline=settings.offline, on_progress=on_download)
            settings = settings.model_copy(update={"asr": pinned(settings.asr, crew.opened.device)})
            parts = Parts(out, made_with=made_with(settings, crew.opened.networks, split_channels=split_channels))
            result, judged = _judge_all(
                recordings, settings, parts, crew, workers, on_file, split_channels=split_channels
            )
        table = [row for name in sorted(judged) for row in judged[name].rows]
        write(out, table)
    result.rows, result.done = len(table), len(judged)
    result.in_part = {name: known.trouble for name, known in judged.items() if known.trouble is not None}
    return result


def _judge_all(
    recordings: Recordings,
    settings: Settings,
    parts: Parts,
    crew: Crew,
    workers: int,
    on_file: Callable[[Path], None],
    *,
    split_channels: bool,
) -> tuple[Annotated, dict[str, Judged]]:
    """What is in each recording, and what is known of those of which nothing is."""
    files = recordings.files
    judged = {name: known for name, path in files.items() if (known := parts.read(path, name)) is not None}
    result = Annotated(skipped=len(judged), bad=dict(recordings.left_out))
    todo: SimpleQueue[str] = SimpleQueue()
    for name, path in files.items():
        if name in judged:
            on_file(path)
        else:
            todo.put(name)

    def judge(worker: Worker, name: str) -> None:
        path = files[name]
        version = version_of(path)  # before it is read: what is written into it meanwhile may have been missed
        answer = worker.ask(Question(settings, path, name, split_channels, cores))
        if isinstance(answer, str):
            result.bad[name] = answer
        elif version is None or version != version_of(path):
            result.bad[name] = "changed while it was read; run it again when it is whole"
        else:
            parts.write(version, name, answer)
            judged[name] = answer
        on_file(path)

    crew.hire(min(workers, todo.qsize()))
    cores = max(1, len(os.sched_getaffinity(0)) // len(crew.workers))
    _work_off(todo, crew.workers, judge)
    return result, judged


def made_with(settings: Settings, networks: str, *, split_channels: bool = False) -> str:
    """What the rows depend on, beside the recordings: `auto` means something else once another model is here, and columns are added.

    Args:
        settings: As the workers have them.
        networks: See `Opened.networks`.
        split_channels: See `annotate`.
    """
    kept = settings.model_dump_json(
        include={"segment": True, "faces": True, "asr": True, "inference": {"tensorrt_fp16"}}
    )
    here = [model.name for model in known_models() if find(model)]
    made = f"{__version__} {list(COLUMNS)} {kept} {here} {networks} {split_channels}"
    return hashlib.sha256(made.encode()).hexdigest()[:16]


def _work_off(todo: "SimpleQueue[str]", workers: list[Worker], judge: Callable[[Worker, str], None]) -> None:
    """Until there is nothing to do. What goes wrong here, rather than in a file, is raised when all have ended."""
    failures: list[BaseException] = []
    stopped = threading.Event()

    def run(worker: Worker) -> None:
        try:
            while not stopped.is_set():
                judge(worker, todo.get_nowait())
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
