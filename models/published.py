"""Reading weights that others published into a module of the same names."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of one that torch wrote (nothing else in it is run or read)."""
    if path.suffix == ".safetensors":
        return dict(load_file(path))
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def take(module: nn.Module, found: Mapping[str, Tensor], origin: Path) -> None:
    """Give a module all its weights; what else the file holds is left.

    Raises:
        ValueError: one is missing, or has another shape.
    """
    # How many batches a norm has seen matters to nobody, and older files do not have it.
    own = {name: tensor for name, tensor in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    missing = [name for name, tensor in own.items() if name not in found or found[name].shape != tensor.shape]
    if missing:
        raise ValueError(
            f"{origin}: not a checkpoint of this size, for example {missing[0]} is missing or of another shape"
        )
    module.load_state_dict({name: found[name] for name in own}, strict=False)
