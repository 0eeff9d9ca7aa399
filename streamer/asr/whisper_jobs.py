"""Sound that waits for the threads of a Whisper: what someone waits for goes before what is only on trust."""

import threading
from typing import NamedTuple

from streamer.features.arrays import Float32


class Heard(NamedTuple):
    """What Whisper made of some sound."""

    text: str
    language: str
    avg_logprob: float | None
    no_speech_prob: float | None


class Job:
    """Some sound to be recognised; `done` is set in any case."""

    def __init__(self, waveform: Float32) -> None:
        self.waveform = waveform
        self.awaited = False
        """Someone waits for it; else it is only on trust."""
        self.done = threading.Event()
        self.heard: Heard | None = None
        self.trouble: str | None = None

    def fail(self, trouble: str) -> None:
        """It has no words, and why."""
        self.trouble = trouble
        self.done.set()


class Jobs:
    """The queue; every method may be called from any thread."""

    def __init__(self, name: str) -> None:
        """`name`: of the recogniser, for who comes after the end."""
        self._closed_trouble = f"{name}: is closed"
        self._waiting: list[Job] = []
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, waveform: Float32) -> Job:
        """Queue some sound, [samples]."""
        job = Job(waveform)
        with self._changed:
            if self._closed:
                job.fail(self._closed_trouble)
            else:
                self._waiting.append(job)
                self._changed.notify()
        return job

    def cancel(self, job: Job) -> None:
        """Its result is not wanted any more; it is not begun if it was not."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                job.done.set()

    def wait_for(self, job: Job) -> None:
        """Until it is done; from now on it goes before what is only on trust."""
        with self._changed:
            job.awaited = True
        job.done.wait()

    def take(self) -> Job | None:
        """Wait for a job: what someone waits for, the oldest first; else the newest on trust. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            job = next((job for job in self._waiting if job.awaited), self._waiting[-1])
            self._waiting.remove(job)
            return job

    def close(self) -> None:
        """No more of them; who still waits is told."""
        with self._changed:
            self._closed = True
            for job in self._waiting:
                job.fail(self._closed_trouble)
            self._waiting.clear()
            self._changed.notify_all()
