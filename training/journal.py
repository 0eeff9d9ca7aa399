"""What a stage writes for people to watch: TensorBoard's events in its folder of the run (`tensorboard --logdir runs`)."""

from pathlib import Path

import numpy as np

from training.held_out import Answers, Measured
from training.pictures import confusion_picture


class Journal:
    """One stage's events. A resumed run replaces what came after the point from which it goes on."""

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # a second that a call of --help does not pay

        self._writer = SummaryWriter(log_dir=str(folder), purge_step=step)

    def step(self, step: int, loss: float, rates: dict[str, float]) -> None:
        """After each step."""
        self._writer.add_scalar("loss/step", loss, step)
        for name, rate in rates.items():
            self._writer.add_scalar(f"learning_rate/{name}", rate, step)

    def epoch(self, step: int, loss_mean: float, found: Measured) -> None:
        """After each epoch: its figures, and a confusion matrix of each head as a picture."""
        self._writer.add_scalar("loss/epoch", loss_mean, step)
        for name, value in (found.figures | dict(found.details)).items():
            self._writer.add_scalar(f"calibration/{name}", value, step)
        for answers in found.answers:
            self._confusion(step, answers)

    def _confusion(self, step: int, answers: Answers) -> None:
        title = f"{answers.name}, step {step}"
        picture = confusion_picture(answers.classes, answers.true, answers.predicted, title=title)
        self._writer.add_image(f"confusion/{answers.name}", np.asarray(picture), step, dataformats="HWC")

    def close(self) -> None:
        """Nothing more will come."""
        self._writer.close()
