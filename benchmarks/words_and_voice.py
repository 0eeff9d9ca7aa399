"""Acted sentences whose words carry no emotion: what the words, the voice and both together make of them.

    PYTHONPATH=. python benchmarks/words_and_voice.py --data ../shared/data

RAVDESS and CREMA-D, speakers of dev, with the sentence that is known to be said: what a perfect recogniser would give.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.whisper_silence import sentence_of
from streamer import load_bundle
from streamer.inference.prediction import Prediction
from streamer.labels import EMOTIONS
from streamer.messages import SAMPLE_RATE_HZ
from training import corpora
from training.decode import decode
from training.metrics import unweighted_recall

CORPORA: Final = ("ravdess", "cremad")


def labels_of(result: Prediction) -> dict[str, str]:
    """What is said together and by each alone."""
    alone = {
        str(name): str(field.emotion.label) for name, field in result.modalities.items() if field.emotion is not None
    }
    return {"both": result.emotion.label, **alone}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    wanted = parser.parse_args(arguments)
    model = load_bundle()
    table = Table("corpus", "clips", "words alone", "voice alone", "both", title="unweighted recall")
    for corpus in CORPORA:
        samples = [s for s in corpora.read((corpus,), wanted.data) if s.split == "dev" and s.audio is not None]
        truth = np.array([s.label for s in samples])
        found = []
        for sample in samples:
            assert sample.audio is not None
            words = sentence_of(corpus, sample.audio)
            found.append(labels_of(model.predict(text=words, waveform=decode(sample.audio, SAMPLE_RATE_HZ))))
        recalls = (
            unweighted_recall(truth, np.array([EMOTIONS.index(said[name]) for said in found]))
            for name in ("text", "audio", "both")
        )
        table.add_row(corpus, str(len(samples)), *(f"{recall:.3f}" for recall in recalls))
    Console().print(table)


if __name__ == "__main__":
    main()
