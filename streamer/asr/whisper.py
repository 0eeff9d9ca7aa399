"""Whisper on CTranslate2 (faster-whisper): much better than PocketSphinx, and needs a model that is not in the wheel.

One thread has the model. It begins at a short pause, on trust that the utterance is over; if speech goes on, that was worthless.
"""

import math
import threading
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from streamer.asr.gates import Evidence, rejection
from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, Transcript
from streamer.nvidia_wheels import load_cuda_12
from streamer.segment import loudest_dbfs
from streamer.settings import AsrSettings

Device = Literal["cpu", "cuda"]

COMPUTE_TYPE: Final[dict[Device, str]] = {"cpu": "int8", "cuda": "float16"}
BEAM_SIZE: Final[dict[Device, int]] = {"cpu": 1, "cuda": 5}
_MOST_TOKENS_PER_S: Final = 12
"""Nobody speaks faster; a decoder in a loop would go on for seconds."""
_MOST_TOKENS: Final = 440
"""The decoder holds 448 with what it is asked; of a longer utterance each window of half a minute may have so many."""


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


class Whisper:
    """The recogniser: a queue, and the thread that has the model. Loading goes on while the caller does."""

    def __init__(self, folder: Path, name: str, settings: AsrSettings, device: Device) -> None:
        self.name = f"faster-whisper/{name}"
        self.settings = settings
        self._folder = folder
        self._device: Device = device
        self._jobs: list[Job] = []
        self._changed = threading.Condition()
        self._closed = False
        self._loaded = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._work, name="whisper", daemon=True)
        self._thread.start()

    def wait_until_loaded(self) -> None:
        """Wait for the model.

        Raises:
            EngineError: it cannot be loaded.
        """
        self._loaded.wait()
        if self._trouble is not None:
            raise EngineError(self._trouble)

    def begin(self, start_s: float, *, source: str = "", in_step: bool = False) -> "WhisperRecognition":
        """An utterance begins."""
        del start_s, source
        return WhisperRecognition(self, in_step=in_step)

    def close(self) -> None:
        """End the thread after what it does now; who still waits is told."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def submit(self, waveform: Float32) -> Job:
        """Queue some sound, [samples]."""
        job = Job(waveform)
        with self._changed:
            if self._closed:
                job.trouble = f"{self.name}: is closed"
                job.done.set()
            else:
                self._jobs.append(job)
                self._changed.notify_all()
        return job

    def cancel(self, job: Job) -> None:
        """Its result is not wanted any more; it is not begun if it was not."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                job.done.set()

    def wait_for(self, job: Job) -> None:
        """Until it is done; from now on it goes before what is only on trust."""
        with self._changed:
            job.awaited = True
        job.done.wait()

    def _work(self) -> None:
        try:
            model = self._load()
        except Exception as err:  # noqa: BLE001 - whatever the library raises: the utterances must be told
            self._trouble = f"{self.name}: cannot be loaded from {self._folder}: {err}; streamer models verify"
            model = None
        self._loaded.set()
        while (job := self._next()) is not None:
            if model is None:
                job.trouble = self._trouble
            else:
                try:
                    job.heard = self._hear(model, job.waveform)
                except Exception as err:  # noqa: BLE001 - one utterance loses its words, the source goes on
                    job.trouble = f"{self.name}: {err}"
            job.done.set()

    def _next(self) -> Job | None:
        """What someone waits for, the oldest first; else the newest on trust. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            if self._closed:
                for job in self._jobs:
                    job.trouble = f"{self.name}: is closed"
                    job.done.set()
                return None
            job = next((job for job in self._jobs if job.awaited), self._jobs[-1])
            self._jobs.remove(job)
            return job

    def _load(self) -> Any:
        from streamer.asr.brief_whisper import BriefWhisper  # two seconds that nobody pays who does not use it

        if self._device == "cuda":
            load_cuda_12()
        return BriefWhisper(
            str(self._folder), device=self._device, compute_type=COMPUTE_TYPE[self._device], local_files_only=True
        )

    def _hear(self, model: Any, waveform: Float32) -> Heard:
        language = None if self.settings.language == "auto" else self.settings.language
        if self._device == "cpu":
            model.hears(waveform.shape[0])
        segments, info = model.transcribe(
            waveform,
            language=language,
            beam_size=BEAM_SIZE[self._device],
            temperature=0.0,  # a second try at a higher one takes as long again, and differs from run to run
            condition_on_previous_text=False,
            without_timestamps=True,
            suppress_tokens=[-1, *model.timestamps],
            no_speech_threshold=None,  # the gates judge, and say why
            log_prob_threshold=None,
            compression_ratio_threshold=None,
            max_new_tokens=min(_MOST_TOKENS, 24 + round(_MOST_TOKENS_PER_S * waveform.shape[0] / SAMPLE_RATE_HZ)),
        )
        said = list(segments)
        tokens = [max(1, len(segment.tokens)) for segment in said]
        return Heard(
            text=" ".join("".join(segment.text for segment in said).split()),
            language=info.language,
            avg_logprob=float(np.average([s.avg_logprob for s in said], weights=tokens)) if said else None,
            no_speech_prob=max(float(s.no_speech_prob) for s in said) if said else None,
        )


class WhisperRecognition:
    """One utterance."""

    def __init__(self, engine: Whisper, *, in_step: bool) -> None:
        self._engine = engine
        self._in_step = in_step
        self._parts: list[Float32] = []
        self._job: Job | None = None

    def push(self, waveform: Float32) -> None:
        """Keep the samples: Whisper hears an utterance as a whole."""
        self._parts.append(waveform)

    def partial(self) -> str:
        """At a pause the words until there, as soon as they are recognised; none while someone speaks."""
        if self._job is None:
            return ""
        if self._in_step:
            self._engine.wait_for(self._job)
        return self._job.heard.text if self._job.heard is not None else ""

    def speculate(self) -> None:
        """Begin with what there is."""
        if self._job is None:
            self._job = self._engine.submit(self._waveform())

    def provisional(self) -> Transcript | None:
        """See `Recognition.provisional`."""
        self.partial()
        job = self._job
        if job is None or not job.done.is_set():
            return None
        return self._judged(job, job.waveform.shape[0] / SAMPLE_RATE_HZ)

    def resume(self) -> None:
        """That was worthless."""
        if self._job is not None:
            self._engine.cancel(self._job)
            self._job = None

    def finish(self, duration_s: float) -> Transcript:
        """The words; those of the last pause where only silence came after it."""
        samples = round(duration_s * SAMPLE_RATE_HZ)
        if self._job is not None and self._job.waveform.shape[0] > samples:
            self.resume()  # it was cut before the pause
        job = self._job or self._engine.submit(self._waveform()[:samples])
        self._engine.wait_for(job)
        return self._judged(job, duration_s)

    def _judged(self, job: Job, duration_s: float) -> Transcript:
        if job.heard is None:
            return Transcript("", None, self._engine.name, job.trouble)
        heard = job.heard
        confidence = None if heard.avg_logprob is None else round(math.exp(min(0.0, heard.avg_logprob)), 3)
        evidence = Evidence(
            text=heard.text,
            duration_s=duration_s,
            loudest_dbfs=loudest_dbfs(job.waveform),
            confidence=confidence,
            no_speech_prob=heard.no_speech_prob,
            avg_logprob=heard.avg_logprob,
            language=heard.language,
        )
        rejected = rejection(evidence, self._engine.settings.min_confidence)
        return Transcript(heard.text, confidence if heard.text else None, self._engine.name, rejected)

    def _waveform(self) -> Float32:
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
