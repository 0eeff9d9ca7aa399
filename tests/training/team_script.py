"""What `accelerate launch` runs in the test of several processes: data, run and cache are its arguments."""

import sys
from pathlib import Path

import msgspec
import torch

from tests.training.tiny_joint import STAGE, recipe
from training.progress import Progress
from training.run import train_recipe
from training.team import team


def main() -> None:
    """Four steps without chance: no dropout, and no batch normalisation that sees a part of the batch only."""
    torch.set_num_threads(1)
    data, run, cache = (Path(argument) for argument in sys.argv[1:])
    stage = msgspec.structs.replace(STAGE, frozen=("audio", "video"))
    mine = team()
    if mine.rank == 0:
        print(f"1 of {mine.size} processes")  # noqa: T201 - read by the test
    train_recipe(recipe(stage), data, run, cache, Progress(), max_steps=4)


if __name__ == "__main__":
    main()
