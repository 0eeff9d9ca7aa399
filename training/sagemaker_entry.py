"""What SageMaker runs: one recipe, trained on the channel `training`, left as a runnable bundle and its checkpoint.

The container calls it with the hyperparameters as flags and in `SM_HPS`; what lies in `SM_MODEL_DIR` at the end becomes
`model.tar.gz`. A run that was cut off (spot) goes on from the checkpoints' folder.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKPOINTS = Path("/opt/ml/checkpoints")
TENSORBOARD = Path("/opt/ml/output/tensorboard")


def main(environment: Mapping[str, str], checkpoints: Path = CHECKPOINTS, tensorboard: Path = TENSORBOARD) -> None:
    """Train, export, and put everything where SageMaker looks for it."""
    settings = {name: _plain(value) for name, value in json.loads(environment.get("SM_HPS", "{}")).items()}
    data = Path(environment["SM_CHANNEL_TRAINING"])
    model = Path(environment["SM_MODEL_DIR"])
    run, cache = checkpoints / "run", checkpoints / "cache"
    recipe, size = str(settings.get("recipe", "small")), str(settings.get("size", "full"))
    train = ["training", "train", "--recipe", recipe, "--size", size, "--data", str(data), "--out", str(run)]
    train += ["--cache", str(cache), "--resume"]
    for name in ("epochs", "steps"):
        if name in settings:
            train += [f"--{name}", str(settings[name])]
    _call(train)
    _call(["exporters", "export", str(run), "--out", str(model / "bundle")])
    kept = model / "checkpoint"
    kept.mkdir(parents=True, exist_ok=True)
    for path in (run / "network.pt", run / "tokenizer.json"):
        if path.is_file():
            shutil.copyfile(path, kept / path.name)
    for events in run.glob("*/events.out.tfevents.*"):
        (tensorboard / events.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(events, tensorboard / events.parent.name / events.name)


def _plain(value: object) -> object:
    """SageMaker hands over strings; those that were JSON once are made it again."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _call(module: list[str]) -> None:
    """`python -m` in the folder of the code, which is where the container unpacked it."""
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-m", *module], cwd=root, check=True)


if __name__ == "__main__":
    main(os.environ)
