"""Files of weights that a stage left: what is damaged, or of another network, is said with the file and the mend."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.checkpoint import DAMAGED, write_whole
from training.errors import TrainingError


def read(path: Path, mend: str) -> dict[str, Any]:
    """What `torch.save` wrote: a mapping, by name.

    Raises:
        TrainingError: the file is cut off, or was never one.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as err:
        raise TrainingError(f"{path}: damaged, or no file of weights ({_first_sentence(err)}); {mend}") from err
    if not isinstance(found, dict):
        raise TrainingError(f"{path}: no weights in it but one {type(found).__name__}; {mend}")
    return found


def write(path: Path, value: object) -> None:
    """Write it for `read`, whole or not at all; one process at a time.

    Raises:
        OSError: it cannot be written; what was there before is there still.
    """
    write_whole(path, value)


def fill(network: nn.Module, weights: Mapping[str, Tensor], path: Path, mend: str) -> None:
    """Give a network its weights.

    Raises:
        TrainingError: they are another network's; it names the first that does not fit.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as err:
        raise TrainingError(f"{path}: holds weights of another network ({_first_misfit(err)}); {mend}") from err


def _first_misfit(err: RuntimeError) -> str:
    """Of all the weights that torch lists, which can be hundreds on a line, one says enough."""
    reasons = [line.strip() for line in str(err).splitlines()[1:]]
    sizes = [reason for reason in reasons if reason.startswith("size mismatch")]
    # Names of weights stand with commas between them; sizes have commas of their own.
    return sizes[0].rstrip(".") if sizes else (reasons or [str(err)])[0].split(",")[0].rstrip(".")


def _first_sentence(err: Exception) -> str:
    return (str(err) or type(err).__name__).splitlines()[0].split(". ")[0].strip().rstrip(".")
