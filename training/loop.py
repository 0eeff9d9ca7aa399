"""The training loop that every stage shares: seeded by place, so that a resumed run equals one that was never cut off."""

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec
import torch
from torch import Tensor, nn

from models.heads import Logits
from training.batch import Batch, TrainingSet, rng_for
from training.errors import TrainingError
from training.held_out import Measured
from training.journal import Journal
from training.mixed_precision import bf16
from training.optimiser import Schedule, make_optimiser
from training.progress import Progress
from training.team import Team, team
from training.weight_files import fill, read, write

_SAVE_EVERY_S: Final = 180.0
"""An epoch can be long; what a cut-off run loses should not."""

Evaluate = Callable[[nn.Module], Measured]
"""Measures on the calibration split."""


class LoopConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How one stage learns."""

    epochs: int
    batch_size: int
    learning_rate: float
    fresh_factor: float = 1.0
    """Learning rate of freshly initialised parts (heads, projection), relative to that of pretrained ones."""
    weight_decay: float = 0.01
    warmup: float = 0.06
    """Share of all steps; then the rate falls along a cosine to nothing."""
    clip: float = 1.0
    label_smoothing: float = 0.0
    class_power: float = 0.0
    """Classes weigh as their frequency to minus this: 0 all alike, 1 inverse frequency."""
    sentiment_weight: float = 0.5
    optimiser: Literal["adamw", "adam", "adadelta"] = "adamw"
    schedule: Literal["cosine", "plateau"] = "cosine"
    """`plateau`: after the warm-up the rate stays, and is multiplied by `plateau_factor` when the score has not risen for
    `plateau_patience` epochs."""
    plateau_factor: float = 0.5
    plateau_patience: int = 2
    patience: int | None = None
    """Stop when the score has not risen for this many epochs; None: never."""
    average: float = 0.0
    """Decay per step of the moving average of the weights that is kept; 0: the weights themselves."""
    bf16: bool = True
    """Matrix products and convolutions in bfloat16 where the processor has it: twice as fast, weights stay float32."""
    seed: int = 17


class Fit:
    """One stage's network, optimiser and place, as `last.pt` holds them."""

    def __init__(
        self,
        network: nn.Module,
        data: TrainingSet,
        config: LoopConfig,
        folder: Path,
        class_weights: Tensor,
        factor_of: Callable[[str], float],
    ) -> None:
        """Args: factor_of: The learning rate of a parameter, by its name, relative to the config's."""
        self.team = team()
        # Channels last: a tenth to a third less time for the convolutions, the same weights.
        network = network.to(self.team.device)
        for parameter in network.parameters():
            if parameter.dim() == 4:  # of a picture; a film's convolutions have five
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.network, self.data, self.config, self.folder = network, data, config, folder
        self.class_weights = class_weights.to(self.team.device)
        self.epoch, self.position, self.step = 0, 0, 0
        self.best = -math.inf
        self._saved_s = time.monotonic()
        self.optimiser = make_optimiser(network, config, factor_of)
        self.averaged = {k: v.detach().clone() for k, v in network.state_dict().items()} if config.average else None
        self.total_steps = sum(len(data.plan(epoch)) for epoch in range(config.epochs))
        self.schedule = Schedule(config, self.total_steps)
        self._wrapped = self.team.wrap(network)
        self.journal: Journal | None = None
        """Open while `run` runs, in the first process."""

    def run(self, evaluate: Evaluate, progress: Progress, *, max_steps: int | None = None) -> None:
        """Train to the end of the last epoch or to `max_steps`, writing `last.pt`, `best.pt` and `history.jsonl`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.team.rank == 0 and self.step == 0:
            (self.folder / "best.pt").unlink(missing_ok=True)  # of a training before this one
        self.journal = Journal(self.folder, self.step) if self.team.rank == 0 else None
        try:
            self._epochs(evaluate, progress, max_steps)
        finally:
            if self.journal:
                self.journal.close()
        if not (self.folder / "best.pt").exists():
            self._save_best()
        self.team.wait()

    def _epochs(self, evaluate: Evaluate, progress: Progress, max_steps: int | None) -> None:
        while (
            self.epoch < self.config.epochs and not self.schedule.over and (max_steps is None or self.step < max_steps)
        ):
            started, losses = time.monotonic(), []
            plan = self.data.plan(self.epoch)
            with progress.epoch(self.folder.name, self.epoch + 1, self.config.epochs, len(plan)) as bar:
                while self.position < len(plan) and (max_steps is None or self.step < max_steps):
                    rng = rng_for(self.config.seed, self.epoch, self.position)
                    losses.append(self._step(self.data.batch(self.team.mine(plan[self.position]), rng)))
                    self.position += 1
                    bar.advance(losses[-1])
                    if time.monotonic() - self._saved_s > _SAVE_EVERY_S:
                        self._save()
            if self.position == len(plan):
                self.epoch, self.position = self.epoch + 1, 0
                self._end_epoch(evaluate, progress, sum(losses) / max(len(losses), 1), time.monotonic() - started)
            self._save()

    def _step(self, batch: Batch) -> float:
        config = self.config
        self.network.train()
        torch.manual_seed(config.seed * 1_000_003 + self.step)
        rate = self.schedule.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * group["factor"] * rate
        batch = Batch(tuple(t.to(self.team.device) for t in batch.inputs), *(t.to(self.team.device) for t in batch[1:]))
        with bf16(self.team.device, wanted=config.bf16):
            logits: Logits = self._wrapped(*batch.inputs)
        value = loss(logits, batch, self.class_weights, config, self.team)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self.optimiser.step()
        self.step += 1
        self._average()
        if self.journal:
            rates = {f"x{group['factor']:g}": group["lr"] for group in self.optimiser.param_groups}
            self.journal.step(self.step, float(value.detach()), rates)
        return float(value.detach())

    def _average(self) -> None:
        if self.averaged is None:
            return
        # Early on the average follows closely, or it would hold the random start for long.
        decay = min(self.config.average, self.step / (self.step + 10))
        for name, value in self.network.state_dict().items():
            kept = self.averaged[name]
            if kept.is_floating_point():
                kept.lerp_(value.detach().to(kept.dtype), 1 - decay)
            else:
                kept.copy_(value)

    def _end_epoch(self, evaluate: Evaluate, progress: Progress, loss_mean: float, seconds: float) -> None:
        own = {k: v.clone() for k, v in self.network.state_dict().items()}
        if self.averaged is not None:
            self.network.load_state_dict(self.averaged)
        self.network.eval()
        with torch.inference_mode():
            found = evaluate(self.network)
        figures = found.figures
        # Batch normalisation's statistics differ between processes, and so may their scores: what the first one keeps, it judges.
        score = self.team.first(figures["score"])
        better = score > self.best
        self.schedule.after_epoch(better=better)
        if better:
            self.best = score
            self._save_best()
        self.network.load_state_dict(own)
        entry = {"epoch": self.epoch, "loss": round(loss_mean, 4), "seconds": round(seconds, 1)}
        entry |= _rounded(figures)
        if self.journal is None:
            return
        self.journal.epoch(self.step, loss_mean, found)
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry | _rounded(found.details)) + "\n")
        progress.say(f"{self.folder.name}: " + "  ".join(f"{k} {v}" for k, v in entry.items()))

    def _save_best(self) -> None:
        if self.team.rank == 0:
            write(self.folder / "best.pt", self.network.state_dict())

    def _save(self) -> None:
        self._saved_s = time.monotonic()
        if self.team.rank > 0:
            return
        place = {"epoch": self.epoch, "position": self.position, "step": self.step, "best": self.best}
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "averaged": self.averaged,
        }
        write(self.folder / "last.pt", {"place": place, "schedule": self.schedule.state(), **state})

    def resume(self) -> None:
        """Go on from `last.pt` where there is one.

        Raises:
            TrainingError: it is damaged, or of a training of another network, or with another optimiser.
        """
        path = self.folder / "last.pt"
        if not path.is_file():
            return
        begin_anew = "delete it, and the stage begins anew"
        other = (
            f"resume with the recipe, size and choices that it was trained with, or give another --out, or {begin_anew}"
        )
        found = read(path, begin_anew)
        if missing := [name for name in ("network", "optimiser", "averaged", "place") if name not in found]:
            raise TrainingError(f"{path}: no checkpoint of a training, it has no {missing[0]!r}; {begin_anew}")
        fill(self.network, found["network"], path, other)
        try:
            self.optimiser.load_state_dict(found["optimiser"])
        except ValueError as err:  # parameters in other groups, which learn at other rates
            raise TrainingError(f"{path}: was trained with another optimiser ({err}); {other}") from err
        averaged: dict[str, Tensor] | None = found["averaged"]
        self.averaged = {k: v.to(self.team.device) for k, v in averaged.items()} if averaged else None
        if "schedule" in found:  # checkpoints from before there were plateaus have none
            self.schedule.load(found["schedule"])
        self.epoch, self.position = found["place"]["epoch"], found["place"]["position"]
        self.step, self.best = found["place"]["step"], found["place"]["best"]


def loss(logits: Logits, batch: Batch, class_weights: Tensor, config: LoopConfig, team: Team | None = None) -> Tensor:
    """Cross-entropy to the label distributions of both heads; emotion is weighted by class, and each batch by its weights' sum.

    Of several processes each has a part of the batch: what divides is the sum over all of them, times their number in one, as the
    gradients will be averaged.
    """
    emotion = _smoothed(batch.emotion, config.label_smoothing) * class_weights
    sentiment = _smoothed(batch.sentiment, config.label_smoothing)
    weight, n = (batch.emotion * class_weights).sum(), torch.ones_like(batch.sentiment).sum() / batch.sentiment.shape[1]
    if team is not None:
        weight, n = team.total(weight) / team.size, team.total(n) / team.size
    emotion_loss = -(emotion * logits.emotion.float().log_softmax(-1)).sum() / weight
    sentiment_loss = -(sentiment * logits.sentiment.float().log_softmax(-1)).sum() / n
    return emotion_loss + config.sentiment_weight * sentiment_loss


def class_weights(emotion: Tensor, power: float) -> Tensor:
    """[n, 7] label distributions -> [7] weights, averaging 1 over the samples; a class that is absent weighs nothing."""
    share = emotion.mean(0)
    weights = torch.where(share > 0, share.clamp(min=1e-6) ** -power, torch.zeros_like(share))
    return weights / (weights * share).sum()


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def _smoothed(target: Tensor, smoothing: float) -> Tensor:
    return target * (1 - smoothing) + smoothing / target.shape[-1]
