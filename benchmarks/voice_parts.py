"""What each part of the voice encoder tells of strangers' emotions by itself, and what they tell together.

    python benchmarks/voice_parts.py --run runs/small --data ../shared/data --split calibration

Unweighted recall over the corpora of speech, after eight other clips of the speaker and with nothing heard before. Together: the
mean of their answers by their shares, as the bundle has it.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from streamer.features.arrays import Float32
from training import corpora
from training.held_out import predict
from training.metrics import unweighted_recall
from training.modality_data import modality_data
from training.progress import Progress
from training.recipes.small import SPEECH, VOICE, small
from training.samples import Sample, select
from training.sessions import EARLIER
from training.stages.unimodal import Workshop, load_best, unimodal

_BATCH: Final = 32


def answers(samples: list[Sample], shop: Workshop, earlier: int, progress: Progress) -> dict[str, Float32]:
    """[n, 7] logits of each part by the stage that trained it, and of all together."""
    recipe = small("full")
    data = modality_data(
        recipe.network.encodings["audio"].spec,
        samples,
        shop.cache,
        progress,
        augments=None,
        batch_size=_BATCH,
        earlier=earlier,
    )
    found: dict[str, Float32] = {}
    for part, stage in zip(recipe.network.encodings["audio"].encoder.parts, VOICE, strict=True):
        network = unimodal(recipe.network, "audio", part).eval()
        load_best(shop, stage, network)
        with torch.inference_mode():
            found[part] = predict(network, data).emotion.numpy()
    return {**found, "together": np.average(list(found.values()), axis=0, weights=list(VOICE.values()))}


def recalls(logits: Float32, samples: list[Sample]) -> list[float]:
    """Of each corpus."""
    labels = np.array([sample.label for sample in samples], np.int64)
    of = np.array([sample.corpus for sample in samples])
    said = logits.argmax(axis=1)
    return [unweighted_recall(labels[of == name], said[of == name]) for name in dict.fromkeys(of)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--split", choices=("calibration", "dev"), default="calibration")
    wanted = parser.parse_args()
    samples = select(corpora.read(SPEECH, wanted.data), wanted.split, limit=None)
    shop = Workshop(wanted.data, wanted.run, wanted.cache)
    names = dict.fromkeys(sample.corpus for sample in samples)
    table = Table(
        "heard before", "part", *names, "mean", title=f"unweighted recall, {wanted.split}, {len(samples)} clips"
    )
    for earlier in (EARLIER, 0):
        for part, logits in answers(samples, shop, earlier, Progress()).items():
            found = recalls(logits, samples)
            table.add_row(f"{earlier} clips", part, *(f"{one:.3f}" for one in (*found, float(np.mean(found)))))
    Console().print(table)


if __name__ == "__main__":
    main()
