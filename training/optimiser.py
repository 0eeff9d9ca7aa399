"""How the weights move: the optimisers of the recipes, and the course of the learning rate."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from training.loop import LoopConfig


def make_optimiser(
    network: nn.Module, config: "LoopConfig", factor_of: Callable[[str], float]
) -> torch.optim.Optimizer:
    """Over the parameters that learn.

    Args:
        network: Its frozen parameters are left out.
        config: Which optimiser, and the rate that the factors refer to.
        factor_of: The learning rate of a parameter, by its name, relative to the config's.
    """
    factors = {name: factor_of(name) for name, p in network.named_parameters() if p.requires_grad}
    parameters = dict(network.named_parameters())
    # The plain rate comes first: so stood the groups in checkpoints from before there were others than `fresh`.
    groups: list[dict[str, Any]] = [
        {"params": [parameters[name] for name, own in factors.items() if own == factor], "factor": factor}
        for factor in sorted(set(factors.values()), key=lambda f: (f != 1.0, f))
    ]
    match config.optimiser:
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
        case "adam":
            return torch.optim.Adam(groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
        case "adadelta":
            return torch.optim.Adadelta(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


class Schedule:
    """The learning rate, relative to the config's, and when to stop."""

    def __init__(self, config: "LoopConfig", total_steps: int) -> None:
        self._config, self._total_steps = config, total_steps
        self.scale = 1.0
        """What the plateaus so far have left of the rate."""
        self.stale_epochs = 0
        """Since the best one."""
        self.plateau_epochs = 0
        """Since the best one or the last change of the rate."""

    def rate(self, step: int) -> float:
        """For the step that comes next."""
        warm = max(1, round(self._config.warmup * self._total_steps))
        if step < warm:
            return (step + 1) / warm
        if self._config.schedule == "plateau":
            return self.scale
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self._total_steps - warm)))

    def after_epoch(self, *, better: bool) -> None:
        """Take note of whether the score has risen."""
        self.stale_epochs = 0 if better else self.stale_epochs + 1
        self.plateau_epochs = 0 if better else self.plateau_epochs + 1
        if self.plateau_epochs > self._config.plateau_patience:
            self.scale, self.plateau_epochs = self.scale * self._config.plateau_factor, 0

    @property
    def over(self) -> bool:
        """The score has not risen for so long that it is not expected to."""
        return self._config.patience is not None and self.stale_epochs >= self._config.patience

    def state(self) -> dict[str, float]:
        """What a resumed run must know."""
        return {"scale": self.scale, "stale_epochs": self.stale_epochs, "plateau_epochs": self.plateau_epochs}

    def load(self, state: dict[str, float]) -> None:
        """Inverse of `state`."""
        self.scale = state["scale"]
        self.stale_epochs, self.plateau_epochs = int(state["stale_epochs"]), int(state["plateau_epochs"])
