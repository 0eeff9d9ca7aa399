"""One pinned file over HTTP: resumed after a break, checked by sha256, renamed into place only when it is whole."""

import fcntl
import hashlib
import http.client
import logging
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamer.errors import DownloadError

TIMEOUT_S: Final = 4.0
"""Of a connection and of each read: without a network the answer comes within five seconds."""
_BLOCK_BYTES: Final = 256 * 1024
_REPORT_EVERY_S: Final = 0.1

_log = logging.getLogger(__name__)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make a folder, and be the only one, of all threads and processes, that fetches into it; whoever comes second waits.

    Who comes out of the wait looks again at what is there. The lock lies beside the folder, and ends with its process.

    Raises:
        DownloadError: nothing can be written there; also for what is written while the context lasts.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.warning("%s: is being fetched by another process; waiting for it", folder.name)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except DownloadError:
        raise
    except OSError as err:
        raise DownloadError(
            f"{folder}: nothing can be kept there ({err.strerror or err}); XDG_CACHE_HOME names another place"
        ) from err


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(url: str, path: Path, sha256: str, size_bytes: int, on_progress: Callable[[int], None]) -> None:
    """Download `url` to `path`, whose folder the caller is `alone_in`: two at one file would write into each other's.

    Until it is whole and checked, it is called `<path>.part`; a later call goes on where that ends. `on_progress` is told the bytes
    done, several times a second.

    Raises:
        DownloadError: no answer, a broken transfer (what came is kept), or not the pinned file (what came is deleted).
    """
    part = path.with_name(path.name + ".part")
    if not part.exists() or part.stat().st_size != size_bytes:
        _transfer(url, part, size_bytes, on_progress)
    if (got := sha256_of(part)) != sha256:
        part.unlink()
        raise DownloadError(
            f"{url}: is not the pinned file: sha256 {got[:12]}…, expected {sha256[:12]}…; nothing was kept"
        )
    part.replace(path)


def _transfer(url: str, part: Path, size_bytes: int, on_progress: Callable[[int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > size_bytes:
        part.unlink()
        have = 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "affect-streamer"})  # noqa: S310 - urls are pinned, below
        if have:
            request.add_header("Range", f"bytes={have}-")
        with _open(request) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT  # a server may ignore the range and send all
            begin = have if resumed else 0
            if answer.length is not None and begin + answer.length != size_bytes:  # a page of a proxy, or of a hotel
                raise DownloadError(
                    f"{url}: is not the pinned file: {begin + answer.length:,} bytes are offered, expected {size_bytes:,}; "
                    "does the network want you to sign in? nothing of it was kept"
                )
            _write(answer, part, begin, on_progress)
    except (OSError, http.client.HTTPException) as err:
        if isinstance(err, urllib.error.HTTPError):
            err.close()  # it holds the connection
        reason = err.reason if type(err) is urllib.error.URLError else err  # an HTTPError says more itself
        raise DownloadError(
            f"{url}: cannot be fetched: {reason}; with a network, run it again: it goes on where it broke"
        ) from err
    except ValueError as err:
        raise DownloadError(f"{url}: is no address; is HF_ENDPOINT set? it begins with https://") from err
    if (got := part.stat().st_size) != size_bytes:
        if got > size_bytes:
            part.unlink()
        raise DownloadError(
            f"{url}: the transfer broke off at {got:,} of {size_bytes:,} bytes; run it again: it goes on there"
        )


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    """The answer's head within `TIMEOUT_S` in all.

    A socket's own timeout does not count looking the name up, and counts anew for each address: hence the thread.
    """
    outcome: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            outcome.put(urllib.request.urlopen(request, timeout=TIMEOUT_S))  # noqa: S310
        except Exception as err:  # noqa: BLE001 - raised again in the caller's thread
            outcome.put(err)

    threading.Thread(target=ask, name="download", daemon=True).start()
    try:
        answer = outcome.get(timeout=TIMEOUT_S)
    except queue.Empty:
        raise TimeoutError(f"no answer within {TIMEOUT_S:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write(answer: http.client.HTTPResponse, part: Path, done: int, on_progress: Callable[[int], None]) -> None:
    told_s = 0.0
    with part.open("ab" if done else "wb") as file:
        while block := answer.read(_BLOCK_BYTES):
            file.write(block)
            done += len(block)
            if (now_s := time.monotonic()) - told_s >= _REPORT_EVERY_S:
                told_s = now_s
                on_progress(done)
    on_progress(done)
