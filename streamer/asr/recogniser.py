"""What every engine offers: one recogniser for all sources, one recognition for each utterance."""

from typing import Protocol

from streamer.features.arrays import Float32
from streamer.messages import Transcript


class Recognition(Protocol):
    """One utterance, from its first sample to its transcript; belongs to one thread."""

    def push(self, waveform: Float32) -> None:
        """Take the next samples, [samples] at 16 kHz, without a gap."""

    def partial(self) -> str:
        """The words so far; they may change."""

    def speculate(self) -> None:
        """At a short pause: begin the final result now, on trust that this was the end."""

    def provisional(self) -> Transcript | None:
        """In a pause: what `finish` would say if this was the end; None until that is known."""

    def resume(self) -> None:
        """It was not the end."""

    def finish(self, duration_s: float) -> Transcript:
        """The words of the first `duration_s` seconds; those after a cut belong to the next utterance."""


class Recogniser(Protocol):
    """An engine, ready to be used from several threads."""

    name: str
    """As on the wire: `pocketsphinx/en-us`, `faster-whisper/small`."""
    pause_s: float
    """Silence after which it likes to be asked: sooner, and more is recognised for nothing; later, and its words come late."""

    def begin(self, start_s: float, *, source: str = "", in_step: bool = False) -> Recognition:
        """An utterance begins; one at a time in each source.

        Args:
            start_s: on the source's clock.
            source: its name. An engine may get used to a source's voices and microphone.
            in_step: the stream waits for the recognition, so that words never depend on how fast this machine is.
        """

    def forget(self) -> None:
        """Between two recordings: what comes next is heard as if nothing had been heard before."""

    def close(self) -> None:
        """Let go of threads and memory."""
