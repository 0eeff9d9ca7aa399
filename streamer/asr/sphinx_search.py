"""How widely PocketSphinx looks for words: as widely as it can, or as many sources at once can be served."""

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamer.settings import SourceSettings


class Search(NamedTuple):
    """Settings of a decoder, and what its posteriors are worth with them."""

    max_states: int
    """Hidden Markov models that are kept from one frame to the next (`maxhmmpf`)."""
    slope: float
    bias: float
    """The share of right words is about the logistic function of slope x (mean log posterior) + bias."""


WIDE: Final = Search(10_000, slope=1.31, bias=0.93)
NARROW: Final = Search(5_000, slope=1.82, bias=1.13)
"""A fifth less processor time. 3,000 get words of the demo clip wrong; to let the phones that come next count more (`pl_weight` 4.5) takes
less time still, but where fewer words are rivals all of them look sure, those that are wrong too."""


def search_for(sources: Sequence[SourceSettings]) -> Search:
    """The narrow one where more sources are heard as they speak than there are cores; what is read as fast as it goes can wait."""
    in_real_time = sum(source.pace == "realtime" for source in sources)
    return NARROW if in_real_time > len(os.sched_getaffinity(0)) else WIDE
