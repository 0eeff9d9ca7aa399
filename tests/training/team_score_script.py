"""What `accelerate launch` runs where two processes measure differently: data, run and cache are its arguments."""

import json
import sys
from pathlib import Path

import torch

from training import corpora
from training.held_out import Measured
from training.loop import Fit, LoopConfig
from training.modality_data import modality_data
from training.progress import Progress
from training.recipes import find
from training.samples import select
from training.stages.unimodal import unimodal

EPOCHS = 4


def main() -> None:
    """Train a small face encoder; what the first process measures rises, what the others do falls."""
    torch.set_num_threads(1)
    data, run, cache = (Path(argument) for argument in sys.argv[1:])
    config, progress = find("small", "tiny").network, Progress()
    samples = select(corpora.read(("ferplus",), data), "train", 8)
    pictures = modality_data(config.encodings["video"].spec, samples, cache, progress, None, batch_size=4)
    loop = LoopConfig(
        epochs=EPOCHS,
        batch_size=4,
        learning_rate=1e-3,
        bf16=False,
        schedule="plateau",
        plateau_patience=0,
        patience=2,
    )
    fit = Fit(unimodal(config, "video"), pictures, loop, run / "faces", torch.ones(7), lambda _: 1.0)
    scores = iter(range(EPOCHS) if fit.team.rank == 0 else range(EPOCHS, 0, -1))
    fit.run(lambda _: Measured({"score": float(next(scores))}, (), {}), progress)
    found = {"epoch": fit.epoch, "best": fit.best, **fit.schedule.state()}
    (run / f"process-{fit.team.rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
