"""What a process does first that another one of ours has started."""

import multiprocessing
import os
import signal
import threading


def begin() -> None:
    """Leave signals to the parent, which says when to end, and end with it, however it ends."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """Whoever asked may have been killed: then nobody wants the answer."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)  # nothing lies anywhere that would have to be cleared away
