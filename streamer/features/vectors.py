"""Vectors that came with a corpus: a network can be trained on them, but no sound gives them."""

from collections.abc import Sequence
from typing import ClassVar, NoReturn

import msgspec

from streamer.errors import BundleError
from streamer.features.arrays import Float32


class VectorsSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="vectors", forbid_unknown_fields=True):
    """One vector per utterance, as published beside a corpus."""

    width: int
    """Values per step."""
    origin: str
    """Where they come from, for people to read: `MELD's selected acoustic features`."""
    sample_rate_hz: ClassVar[int] = 16_000
    """Of the waveform that is refused."""
    history_utterances: ClassVar[int] = 0

    def extract(self, waveform: Float32, earlier: Sequence[Float32] = ()) -> NoReturn:  # noqa: ARG002 - the others' signature
        """There is no way from sound to these vectors.

        Raises:
            BundleError: always; it says what to train instead.
        """
        raise BundleError(self._why)

    def stream(self, earlier: Sequence[Float32] = ()) -> NoReturn:  # noqa: ARG002 - as above
        """As `extract`.

        Raises:
            BundleError: always.
        """
        raise BundleError(self._why)

    @property
    def _why(self) -> str:
        return (
            f"audio.spec: this bundle hears {self.width} values per utterance, {self.origin}, which cannot be computed from sound; "
            "train its recipe on `functionals` to run it"
        )
