"""The processes that train one network together: one, unless `accelerate launch` started several."""

import os
from typing import TypeVar

import torch
from torch import Tensor, nn

Item = TypeVar("Item")


class Team:
    """This process alone."""

    rank = 0
    size = 1

    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def wrap(self, network: nn.Module) -> nn.Module:
        """What to call in training, so that all processes get the same gradients."""
        return network

    def mine(self, items: list[Item]) -> list[Item]:
        """This process's share; all of them where there are fewer than processes, as each must take part in every step."""
        return items[self.rank :: self.size] if len(items) >= self.size else items

    def total(self, value: Tensor) -> Tensor:
        """The sum of every process's value."""
        return value

    def first(self, value: float) -> float:
        """The first process's value, for all: what they decide by it they decide alike."""
        return value

    def wait(self) -> None:
        """Until all have come this far."""


class LaunchedTeam(Team):
    """Several processes under Hugging Face Accelerate: gradients are averaged by its DistributedDataParallel."""

    def __init__(self) -> None:
        import accelerate  # takes seconds, and only `accelerate launch` needs it

        # A batch without a modality uses no parameter of its encoder.
        unused = accelerate.DistributedDataParallelKwargs(find_unused_parameters=True)
        self._accelerator = accelerate.Accelerator(cpu=not torch.cuda.is_available(), kwargs_handlers=[unused])
        self.device = self._accelerator.device
        self.rank, self.size = self._accelerator.process_index, self._accelerator.num_processes

    def wrap(self, network: nn.Module) -> nn.Module:
        """See `Team`."""
        wrapped: nn.Module = self._accelerator.prepare_model(network)
        return wrapped

    def total(self, value: Tensor) -> Tensor:
        """See `Team`."""
        summed: Tensor = self._accelerator.reduce(value.detach().clone(), "sum")
        return summed

    def first(self, value: float) -> float:
        """See `Team`."""
        own = torch.tensor(value if self.rank == 0 else 0.0, dtype=torch.float64, device=self.device)
        return float(self.total(own))

    def wait(self) -> None:
        """See `Team`."""
        self._accelerator.wait_for_everyone()


def team() -> Team:
    """The one that this process belongs to."""
    return LaunchedTeam() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Team()
