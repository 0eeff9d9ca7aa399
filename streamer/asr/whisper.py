"""Whisper on CTranslate2 (faster-whisper): much better than PocketSphinx, and needs a model that is not in the wheel.

It begins at a short pause, on trust that the utterance is over; if speech goes on, that was worthless.
"""

import threading
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from streamer.asr.whisper_jobs import Heard, Jobs
from streamer.asr.whisper_recognition import WhisperRecognition
from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ
from streamer.nvidia_wheels import load_cuda_12
from streamer.settings import AsrSettings

Device = Literal["cpu", "cuda"]

COMPUTE_TYPE: Final[dict[Device, str]] = {"cpu": "int8", "cuda": "float16"}
BEAM_SIZE: Final[dict[Device, int]] = {"cpu": 1, "cuda": 5}
_MOST_TOKENS_PER_S: Final = 12
"""Nobody speaks faster; a decoder in a loop would go on for seconds."""
_MOST_TOKENS: Final = 440
"""The decoder holds 448 with what it is asked; of a longer utterance each window of half a minute may have so many."""


_MOST_WORKERS: Final = 4
_MOST_THREADS: Final = 4
"""What CTranslate2 itself would take."""


class Crew(NamedTuple):
    """How many cores work on what."""

    workers: int
    """Utterances that are heard at once."""
    threads: int
    """For each of them, inside CTranslate2."""

    @classmethod
    def of(cls, sources: int, cores: int) -> "Crew":
        """One source has all cores for its utterance; several are rather heard side by side (`benchmarks/whisper_crew.py`).

        Where one worker hears all of them, who waits for words waits for those of the others too, and for those that are thrown away.
        """
        workers = min(sources, cores, _MOST_WORKERS)
        return cls(workers, min(cores // workers, _MOST_THREADS))


_ALONE: Final = Crew(1, 0)
"""All utterances in one row; CTranslate2 knows how many threads."""


class Whisper:
    """The recogniser: threads that share the model. Loading goes on while the caller does."""

    pause_s = 0.128
    """So that most words are there when the silence ends, though more is recognised for nothing than after 160 ms."""

    def __init__(self, folder: Path, name: str, settings: AsrSettings, device: Device, crew: Crew = _ALONE) -> None:
        """`crew` is for a processor; a GPU hears one utterance after the other."""
        self.name = f"faster-whisper/{name}"
        self._settings = settings
        self.jobs = Jobs(self.name)
        self._folder = folder
        self._device: Device = device
        self._crew = crew if device == "cpu" else _ALONE
        self._loaded = threading.Event()
        self._model: Any = None
        self._trouble = ""
        parts = [self._load, *[self._work] * self._crew.workers]
        self._threads = [threading.Thread(target=part, name="whisper", daemon=True) for part in parts]
        for thread in self._threads:
            thread.start()

    def wait_until_loaded(self) -> None:
        """Wait for the model.

        Raises:
            EngineError: it cannot be loaded.
        """
        self._loaded.wait()
        if self._trouble:
            raise EngineError(self._trouble)

    def begin(self, start_s: float, *, source: str = "", in_step: bool = False) -> WhisperRecognition:
        """An utterance begins."""
        del start_s, source
        return WhisperRecognition(self.name, self.jobs, self._settings.min_confidence, in_step=in_step)

    def forget(self) -> None:
        """It hears each utterance by itself."""

    def close(self) -> None:
        """End the threads after what they do now; who still waits is told."""
        self.jobs.close()
        for thread in self._threads:
            thread.join()

    def _load(self) -> None:
        try:
            self._model = self._opened()
        except Exception as err:  # noqa: BLE001 - whatever the library raises: the utterances must be told
            self._trouble = f"{self.name}: cannot be loaded from {self._folder}: {err}; streamer models verify"
        self._loaded.set()

    def _work(self) -> None:
        self._loaded.wait()
        while (job := self.jobs.take()) is not None:
            if self._trouble:
                job.fail(self._trouble)
                continue
            try:
                job.heard = self._hear(job.waveform)
            except Exception as err:  # noqa: BLE001 - one utterance loses its words, the source goes on
                job.trouble = f"{self.name}: {err}"
            job.done.set()

    def _opened(self) -> Any:
        from streamer.asr.brief_whisper import BriefWhisper  # two seconds that nobody pays who does not use it

        if self._device == "cuda":
            load_cuda_12()
        return BriefWhisper(
            str(self._folder),
            device=self._device,
            compute_type=COMPUTE_TYPE[self._device],
            num_workers=self._crew.workers,
            cpu_threads=self._crew.threads,
            local_files_only=True,
        )

    def _hear(self, waveform: Float32) -> Heard:
        language = None if self._settings.language == "auto" else self._settings.language
        if self._device == "cpu":
            self._model.hears(waveform.shape[0])
        segments, info = self._model.transcribe(
            waveform,
            language=language,
            beam_size=BEAM_SIZE[self._device],
            temperature=0.0,  # a second try at a higher one takes as long again, and differs from run to run
            condition_on_previous_text=False,
            without_timestamps=True,
            suppress_tokens=[-1, *self._model.timestamps],
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
