"""PocketSphinx with the English model of its wheel: needs no network, decodes while speech goes on, and is weak.

Each source has a decoder, which gets used to the source's level and microphone. An utterance is decoded in parts, from pause to pause:
the last words are weighed while the silence that ends the utterance still lasts.
"""

import importlib.util
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Literal, TypeVar

from streamer.asr.gates import Evidence, rejection
from streamer.asr.sphinx_decoder import SphinxDecoder, Word
from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.messages import SAMPLE_RATE_HZ, Transcript
from streamer.segment import SILENCE_DBFS, loudest_dbfs
from streamer.settings import PAUSE_S, AsrSettings

Result = TypeVar("Result")

NAME: Final = "pocketsphinx/en-us"
SLOPE: Final = 1.31
BIAS: Final = 0.93


def confidence_of(words: list[Word]) -> float | None:
    """Roughly the share of right words, from the decoder's posteriors; None without words.

    The geometric mean of the words' posteriors tells best; alone it is too sure of itself. The line was fitted on
    RAVDESS, CREMA-D, nEMO and EMOVO (`benchmarks/sphinx_confidence.py`).
    """
    if not words:
        return None
    mean_log = sum(math.log(max(word.posterior or 0.0, 1e-6)) for word in words) / len(words)
    return round(1.0 / (1.0 + math.exp(-(SLOPE * mean_log + BIAS))), 3)


def is_installed() -> bool:
    """Not everywhere: the package asks for it only where it has a wheel."""
    return importlib.util.find_spec("pocketsphinx") is not None


class PocketSphinx:
    """The recogniser: keeps each source's decoder between its utterances."""

    pause_s = PAUSE_S

    def __init__(self, settings: AsrSettings, sources: int = 1) -> None:
        """`sources`: how many there will be; each has a decoder, whose loading must not fall into its first words."""
        if not is_installed():
            raise EngineError(
                "pocketsphinx: is not installed; `pip install pocketsphinx` (compiles it where it has no wheel, as for Python 3.14)"
            )
        if settings.language != "en":
            raise EngineError(
                f"pocketsphinx: knows English only, asr.language is {settings.language!r}; use faster-whisper"
            )
        self.name = NAME
        self._min_confidence = settings.min_confidence
        self._lock = threading.Lock()
        self._fresh = [SphinxDecoder()]  # loads while the rest of the daemon starts
        """They have not heard any source yet."""
        for _ in range(1, sources):
            with suppress(EngineError):  # `begin` tries again, and says why
                self._fresh.append(SphinxDecoder())
        self._idle: dict[str, SphinxDecoder] = {}
        """By source, between its utterances."""
        self._made = list(self._fresh)

    def wait_until_loaded(self) -> None:
        """Several that load while their sources speak would keep these waiting for a second."""
        for decoder in self._fresh:
            with suppress(EngineError):  # it has died: the one utterance that it gets will say so
                decoder.partial(wait=True)

    def begin(self, start_s: float, *, source: str = "", in_step: bool = False) -> "SphinxRecognition | Unheard":
        """An utterance begins in a source."""
        del start_s
        with self._lock:
            decoder = self._idle.pop(source, None)
            if decoder is None and self._fresh:
                decoder = self._fresh.pop()
            if decoder is None:
                try:
                    decoder = SphinxDecoder()
                except EngineError as err:
                    return Unheard(str(err))
                self._made.append(decoder)
        return SphinxRecognition(decoder, partial(self._take_back, source), self._min_confidence, in_step=in_step)

    def _take_back(self, source: str, decoder: SphinxDecoder, works: bool) -> None:
        """After an utterance: keep the decoder for the next one, or let go of one that is dead."""
        with self._lock:
            if works:
                self._idle[source] = decoder
                return
            self._made.remove(decoder)
        decoder.close()

    def forget(self) -> None:
        """Decoders begin anew, without loading their model again; those of utterances that were left open are let go."""
        with self._lock:
            ready = [*self._fresh, *self._idle.values()]
            self._fresh, self._idle = [], {}
            for decoder in self._made:
                with suppress(EngineError):  # it has died
                    if decoder in ready:
                        decoder.forget()
                        self._fresh.append(decoder)
                        continue
                decoder.close()
            self._made = list(self._fresh)

    def close(self) -> None:
        """End the processes; an utterance that is still open is told."""
        with self._lock:
            for decoder in self._made:
                decoder.close()


class Unheard:
    """An utterance for which there is no decoder: it has no words, and says why. The next one may have some."""

    def __init__(self, reason: str) -> None:
        self._transcript = Transcript("", None, NAME, reason)

    def push(self, waveform: Float32) -> None:
        """Nobody listens."""

    def partial(self) -> str:
        """No words."""
        return ""

    def speculate(self) -> None:
        """There is nothing to be begun."""

    def provisional(self) -> Transcript:
        """It will not change."""
        return self._transcript

    def resume(self) -> None:
        """Nothing was begun."""

    def finish(self, duration_s: float) -> Transcript:
        """No words, and why."""
        del duration_s
        return self._transcript


class SphinxRecognition:
    """One utterance."""

    def __init__(
        self,
        decoder: SphinxDecoder,
        give_back: Callable[[SphinxDecoder, bool], None],
        min_confidence: float,
        *,
        in_step: bool,
    ) -> None:
        """`give_back`: takes the decoder at the end, and whether it still works."""
        self._decoder = decoder
        self._give_back = give_back
        self._min_confidence = min_confidence
        self._in_step = in_step
        self._words: list[Word] = []
        """Of the parts that are weighed, in seconds since the begin of the utterance."""
        self._part: Literal["open", "asked", "weighed"] = "open"
        self._part_start_s = 0.0
        self._samples = 0
        self._held: list[Float32] = []
        """Silence after the part: not decoded unless speech goes on."""
        self._loudest_dbfs = SILENCE_DBFS
        self._trouble: str | None = None
        self._try(decoder.begin)

    def push(self, waveform: Float32) -> None:
        """Hand the samples to the decoder."""
        if self._part != "open":
            self._held.append(waveform)
            return
        self._samples += waveform.shape[0]
        self._loudest_dbfs = max(self._loudest_dbfs, loudest_dbfs(waveform))
        self._try(lambda: self._decoder.push(waveform))

    def partial(self) -> str:
        """The words so far; at a pause the final ones as soon as they are weighed."""
        words: list[Word] = []
        if self._part == "open":
            words = self._try(lambda: self._decoder.partial(wait=self._in_step)) or []
        elif self._in_step or self._try(self._decoder.final_is_ready):
            self._weigh()
        return " ".join(word.text for word in (*self._words, *words))

    def speculate(self) -> None:
        """End the part: its words are weighed while the silence lasts."""
        if self._part == "open":
            self._part = "asked"
            self._try(self._decoder.ask_final)

    def provisional(self) -> Transcript | None:
        """See `Recognition.provisional`."""
        self.partial()
        return self._judged(self._samples / SAMPLE_RATE_HZ) if self._part == "weighed" else None

    def resume(self) -> None:
        """A new part begins, with the silence since the pause."""
        if self._part == "open":
            return
        self._weigh()
        self._part = "open"
        self._part_start_s = self._samples / SAMPLE_RATE_HZ
        self._try(self._decoder.begin)
        held, self._held = self._held, []
        for waveform in held:
            self.push(waveform)

    def finish(self, duration_s: float) -> Transcript:
        """The words whose middle lies before `duration_s`."""
        self.speculate()
        self._weigh()
        self._give_back(self._decoder, self._trouble is None)
        return self._judged(duration_s)

    def _judged(self, duration_s: float) -> Transcript:
        if self._trouble is not None:
            return Transcript("", None, NAME, self._trouble)
        words = [word for word in self._words if (word.start_s + word.end_s) / 2 < duration_s]
        text = " ".join(word.text for word in words)
        confidence = confidence_of(words)
        evidence = Evidence(text, duration_s, self._loudest_dbfs, confidence)
        return Transcript(text, confidence, NAME, rejection(evidence, self._min_confidence))

    def _weigh(self) -> None:
        """Take the words of a part that is over."""
        if self._part != "asked":
            return
        self._part = "weighed"
        since_s = self._part_start_s
        for word in self._try(self._decoder.final) or []:
            self._words.append(word._replace(start_s=since_s + word.start_s, end_s=since_s + word.end_s))

    def _try(self, action: Callable[[], Result]) -> Result | None:
        """A decoder that died costs this utterance its words, not the source its life; the next utterance gets a new one."""
        if self._trouble is None:
            try:
                return action()
            except EngineError as err:
                self._trouble = str(err)
        return None
