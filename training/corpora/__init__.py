"""Readers: each corpus in its own file, all giving `training.samples.Sample`.

To add a corpus: one file with `read(data)`, one line in `CORPORA`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from streamer.bundle import Corpus
from training.corpora import (
    cremad,
    dailydialog,
    emocontext,
    emovo,
    ferplus,
    goemotions,
    isear,
    meld,
    meld_clips,
    nemo,
    ravdess,
)
from training.samples import Sample


class CorpusReader(NamedTuple):
    """How a corpus is read, and what the model card says of it."""

    read: Callable[[Path], list[Sample]]
    """From the folder given as `--data`."""
    corpus: Corpus


CORPORA: dict[str, CorpusReader] = {
    "meld": CorpusReader(meld.read, Corpus("MELD (text)", "GPL-3.0", "text encoder, fusion, calibration")),
    "meld-clips": CorpusReader(
        meld_clips.read, Corpus("MELD", "GPL-3.0, footage copyrighted", "all encoders, fusion, calibration")
    ),
    "meld-clips-realigned": CorpusReader(
        meld_clips.read_realigned,
        Corpus("MELD in the order of MELD-FAIR", "GPL-3.0, footage copyrighted", "all encoders, fusion, calibration"),
    ),
    "goemotions": CorpusReader(goemotions.read, Corpus("GoEmotions", "Apache-2.0", "text encoder, first step")),
    "dailydialog": CorpusReader(
        dailydialog.read, Corpus("DailyDialog (RECCON)", "CC BY-NC-SA 4.0", "text encoder, second step")
    ),
    "emocontext": CorpusReader(emocontext.read, Corpus("EmoContext", "research use", "text encoder, second step")),
    "isear": CorpusReader(isear.read, Corpus("ISEAR", "research use", "text encoder, second step")),
    "ravdess": CorpusReader(ravdess.read, Corpus("RAVDESS", "CC BY-NC-SA 4.0", "audio encoder, fusion, calibration")),
    "cremad": CorpusReader(
        cremad.read, Corpus("CREMA-D (re-synthesised)", "ODbL 1.0", "audio encoder, fusion, calibration")
    ),
    "nemo": CorpusReader(nemo.read, Corpus("nEMO", "CC BY-NC-SA 4.0", "audio encoder, fusion, calibration")),
    "emovo": CorpusReader(emovo.read, Corpus("EMOVO", "research use", "audio encoder, fusion")),
    "ferplus": CorpusReader(
        ferplus.read, Corpus("FERPlus", "votes MIT, images research use", "video encoder, fusion, calibration")
    ),
}


def read(names: tuple[str, ...], data: Path) -> list[Sample]:
    """The samples of several corpora, in the order named."""
    return [sample for name in names for sample in CORPORA[name].read(data)]
