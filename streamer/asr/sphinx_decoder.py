"""A PocketSphinx decoder in a process of its own, seen from the daemon: what goes through the two pipes."""

import contextlib
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from streamer.errors import EngineError
from streamer.features.arrays import Float32

_SCRIPT: Final = Path(__file__).with_name("sphinx_process.py")
_HEADER: Final = struct.Struct("<cI")
_PIPE_BYTES: Final = 1 << 20
"""32 s of sound wait in the pipe before `push` waits for the decoder."""
_ANSWER_TIMEOUT_S: Final = 30.0
_FULL_TIMEOUT_S: Final = 10.0
"""A decoder that takes nothing out of a full pipe for so long hangs: it weighs the words of the longest utterance within a second."""


class Word(NamedTuple):
    """One recognised word."""

    text: str
    start_s: float
    """Since the begin of the part."""
    end_s: float
    posterior: float | None
    """None while the part is not over."""


class SphinxDecoder:
    """Decodes one part of one utterance after the other. Belongs to one thread at a time.

    Its process loads the model (a third of a second) while the caller goes on; what is sent meanwhile waits in the pipe.
    Every method raises EngineError where the process has died, hangs, or cannot be started.
    """

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT)],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt from the terminal must not cost the last utterance
            )
        except OSError as err:  # no more processes allowed, or this Python was replaced while it ran
            raise EngineError(f"pocketsphinx: its process cannot be started ({err.strerror})") from err
        self._inbox = b""
        self._unanswered = 0
        self._partial: list[Word] = []
        if self._process.stdin is None or self._process.stdout is None:
            raise EngineError("pocketsphinx: its process has no pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)  # whoever writes would wait for ever for a process that hangs
        with contextlib.suppress(OSError, AttributeError):  # elsewhere than on Linux the pipe stays as it is
            fcntl.fcntl(self._stdin.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def forget(self) -> None:
        """Begin as a fresh one: other voices and another microphone come."""
        self._send(b"n")

    def begin(self) -> None:
        """A part begins."""
        self._partial = []
        self._send(b"b")

    def push(self, waveform: Float32) -> None:
        """Its next samples, [samples] at 16 kHz."""
        pcm = np.round(np.clip(waveform, -1.0, 1.0) * 32767.0).astype("<i2")
        if pcm.shape[0]:  # of no samples the library makes an error
            self._send(b"a", pcm.tobytes())

    def partial(self, *, wait: bool) -> list[Word]:
        """The words so far: all that was pushed with `wait`, else those of a moment ago."""
        if wait:
            self._ask(b"p")
            self._partial = self._answers(wait=True)
        elif self._unanswered == 0:
            self._ask(b"p")
        elif self._answered():
            self._partial = self._answers(wait=False)
            self._ask(b"p")
        return self._partial

    def ask_final(self) -> None:
        """The part is over; its words are weighed while the caller goes on."""
        self._ask(b"e")

    def final(self) -> list[Word]:
        """The words that `ask_final` asked for."""
        return self._answers(wait=True)

    def final_is_ready(self) -> bool:
        """Whether `final` would not wait."""
        while self._unanswered > 1 and self._answered():
            self._read_answer()
        return self._unanswered == 1 and self._answered()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._process.kill()
        self._process.wait()
        self._stdout.close()

    def _ask(self, letter: bytes) -> None:
        self._send(letter)
        self._unanswered += 1

    def _send(self, letter: bytes, payload: bytes = b"") -> None:
        message = _HEADER.pack(letter, len(payload)) + payload
        try:
            while message:
                if not select.select([], [self._stdin], [], _FULL_TIMEOUT_S)[1]:
                    raise EngineError(
                        f"pocketsphinx: its process has taken no sound for {_FULL_TIMEOUT_S:g} s, it hangs"
                    )
                message = message[os.write(self._stdin.fileno(), message) :]
        except (OSError, ValueError) as err:  # ValueError: it was closed
            raise self._dead() from err

    def _answers(self, *, wait: bool) -> list[Word]:
        """The answer to the latest question (with `wait`), or to the latest that is answered."""
        words = self._partial
        while self._unanswered and (wait or self._answered()):
            words = self._read_answer()
        return words

    def _answered(self) -> bool:
        """Whether a whole answer is there."""
        while b"\n" not in self._inbox and select.select([self._stdout], [], [], 0.0)[0]:
            self._receive()
        return b"\n" in self._inbox

    def _read_answer(self) -> list[Word]:
        deadline_s = time.monotonic() + _ANSWER_TIMEOUT_S
        while b"\n" not in self._inbox:
            if not select.select([self._stdout], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
                raise EngineError(
                    f"pocketsphinx: no answer within {_ANSWER_TIMEOUT_S:g} s; is this machine overloaded?"
                )
            self._receive()
        line, self._inbox = self._inbox.split(b"\n", 1)
        self._unanswered -= 1
        return [Word(*word) for word in json.loads(line)]

    def _receive(self) -> None:
        received = os.read(self._stdout.fileno(), 1 << 16)
        if not received:
            raise self._dead()
        self._inbox += received

    def _dead(self) -> EngineError:
        return EngineError(
            f"pocketsphinx: its process ended with code {self._process.poll()}; `streamer doctor` says what is missing"
        )
