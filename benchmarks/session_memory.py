"""What it is worth to have heard somebody before: `python benchmarks/session_memory.py [--bundle DIR] [--split dev]`.

A bundle's voice network on clips of unseen speakers, each after a number of other clips of the same speaker, drawn with a fixed seed
whatever their labels, and after clips of somebody else. Prints the unweighted recall of each corpus.
"""

import argparse
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from streamer import bundle as bundles
from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from training import corpora
from training.data_audio import AudioData, FeatureCache
from training.embed import encoded
from training.evaluate import SPEECH, fuse_alone
from training.metrics import unweighted_recall
from training.progress import Progress
from training.runner import BundleRunner
from training.samples import select

_COUNTS = (0, 1, 2, 4, 8, 16)


class _AfterAnother(AudioData):
    """Each clip after some of one other speaker."""

    def before(self, index: int) -> Float32:
        return self.sessions.of_another(index, self.earlier) if self.sessions else super().before(index)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--split", choices=("calibration", "dev"), default="dev")
    given = parser.parse_args()
    split: Literal["calibration", "dev"] = given.split
    runner = BundleRunner(bundles.read(given.bundle))
    spec = runner.specs.get("audio")
    if not isinstance(spec, LogMelSpec) or not spec.history_utterances:
        parser.error(f"{given.bundle or 'the shipped bundle'}: its voice network does not remember")
    samples = select(corpora.read(SPEECH, given.data), split, None)
    names, true = np.array([s.corpus for s in samples]), np.array([s.label for s in samples], np.int64)
    table = Table(f"heard before ({split}, n = {len(samples)})", *dict.fromkeys(names.tolist()), "mean")
    cache, progress = FeatureCache(given.cache, spec), Progress()
    data, after_another = (kind(samples, cache, 0, 0, None, progress) for kind in (AudioData, _AfterAnother))
    conditions = [(f"{n} of the same speaker", data, n) for n in _COUNTS]
    for title, heard, earlier in [*conditions, ("8 of somebody else", after_another, 8)]:
        heard.earlier = earlier
        said = fuse_alone(runner, "audio", encoded(runner, "audio", heard, progress)).emotion_logits.argmax(1)
        recalls = [unweighted_recall(true[names == name], said[names == name]) for name in dict.fromkeys(names)]
        table.add_row(title, *(f"{recall:.3f}" for recall in (*recalls, float(np.mean(recalls)))))
    Console().print(table)


if __name__ == "__main__":
    main()
