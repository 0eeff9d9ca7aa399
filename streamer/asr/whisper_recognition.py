"""One utterance as Whisper hears it: as a whole, so that nothing is recognised before it pauses."""

import math

import numpy as np

from streamer.asr.gates import Evidence, rejection
from streamer.asr.whisper_jobs import Job, Jobs
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, Transcript
from streamer.segment import loudest_dbfs


class WhisperRecognition:
    """One utterance."""

    def __init__(self, engine: str, jobs: Jobs, min_confidence: float, *, in_step: bool) -> None:
        """`engine`: its name on the wire."""
        self._engine = engine
        self._jobs = jobs
        self._min_confidence = min_confidence
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
            self._jobs.wait_for(self._job)
        return self._job.heard.text if self._job.heard is not None else ""

    def speculate(self) -> None:
        """Begin with what there is."""
        if self._job is None:
            self._job = self._jobs.submit(self._waveform())

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
            self._jobs.cancel(self._job)
            self._job = None

    def finish(self, duration_s: float) -> Transcript:
        """The words; those of the last pause where only silence came after it."""
        samples = round(duration_s * SAMPLE_RATE_HZ)
        if self._job is not None and self._job.waveform.shape[0] > samples:
            self.resume()  # it was cut before the pause
        job = self._job or self._jobs.submit(self._waveform()[:samples])
        self._jobs.wait_for(job)
        return self._judged(job, duration_s)

    def _judged(self, job: Job, duration_s: float) -> Transcript:
        if job.heard is None:
            return Transcript("", None, self._engine, job.trouble)
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
        rejected = rejection(evidence, self._min_confidence)
        return Transcript(heard.text, confidence if heard.text else None, self._engine, rejected)

    def _waveform(self) -> Float32:
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
