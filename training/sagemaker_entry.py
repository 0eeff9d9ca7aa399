"""What SageMaker runs: one recipe, trained on the channel `training`, left as a runnable bundle and its checkpoint.

The container calls it with the hyperparameters as flags and in `SM_HPS`; what lies in `SM_MODEL_DIR` at the end becomes
`model.tar.gz`. A run that was cut off (spot) goes on from the checkpoints' folder. Where there are several machines, each calls it;
the first one exports.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CHECKPOINTS = Path("/opt/ml/checkpoints")
TENSORBOARD = Path("/opt/ml/output/tensorboard")
"""SageMaker copies what is written here to S3 while the job runs."""
_PORT: Final = 7777


def main(
    environment: Mapping[str, str],
    checkpoints: Path = CHECKPOINTS,
    tensorboard: Path = TENSORBOARD,
    *,
    copy_every_s: float = 30.0,
    port: int = _PORT,
) -> None:
    """Fetch, train, export, and put everything where SageMaker looks for it; TensorBoard's events already while the training runs."""
    settings = {name: _plain(value) for name, value in json.loads(environment.get("SM_HPS", "{}")).items()}
    model = Path(environment["SM_MODEL_DIR"])
    run, cache = checkpoints / "run", checkpoints / "cache"
    train = training(settings, Path(environment["SM_CHANNEL_TRAINING"]), run, cache)
    _run(
        ["training", "fetch", *_asked(settings)]
    )  # each time: after a spot machine was taken away, the next one has nothing
    process = _start([*launcher(environment, port), *train])
    while process.poll() is None:
        try:
            process.wait(timeout=copy_every_s)
        except subprocess.TimeoutExpired:
            copy_events(run, tensorboard)
    copy_events(run, tensorboard)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    if not _is_first(environment):
        return
    _run(["exporters", "export", str(run), "--out", str(model / "bundle")])
    kept = model / "checkpoint"
    kept.mkdir(parents=True, exist_ok=True)
    for path in (run / "network.pt", run / "tokenizer.json"):
        if path.is_file():
            shutil.copyfile(path, kept / path.name)


def training(settings: Mapping[str, object], data: Path, run: Path, cache: Path) -> list[str]:
    """The module and arguments that train what the hyperparameters ask for."""
    train = ["training", "train", *_asked(settings), "--data", str(data), "--out", str(run)]
    train += ["--cache", str(cache), "--resume"]
    for name in ("epochs", "steps"):
        if name in settings:
            train += [f"--{name}", str(settings[name])]
    return train


def _asked(settings: Mapping[str, object]) -> list[str]:
    """Recipe, size and choices."""
    chosen = settings.get("with", {})
    if not isinstance(chosen, dict):
        raise TypeError(f"hyperparameter with: expected an object like {{'text': 'bilstm'}}, got {chosen!r}")
    asked = ["--recipe", str(settings.get("recipe", "small")), "--size", str(settings.get("size", "full"))]
    return [*asked, *(word for name, value in chosen.items() for word in ("--with", f"{name}={value}"))]


def launcher(environment: Mapping[str, str], port: int = _PORT) -> list[str]:
    """What starts the training module: nothing for one process; else Accelerate, one process per GPU or, without any, per machine.

    Args:
        environment: `SM_HOSTS`, a JSON list, of which the first is the main one; `SM_CURRENT_HOST`; `SM_NUM_GPUS`, of each machine.
        port: Free on the main machine, which waits there for the others.
    """
    hosts = _hosts(environment)
    processes = len(hosts) * max(1, int(environment.get("SM_NUM_GPUS", "0")))
    if processes == 1:
        return []
    launch = ["accelerate.commands.launch", "--num_machines", str(len(hosts)), "--num_processes", str(processes)]
    launch += ["--machine_rank", str(hosts.index(environment.get("SM_CURRENT_HOST", hosts[0])))]
    launch += ["--main_process_ip", hosts[0], "--main_process_port", str(port)]
    # With --multi_gpu Accelerate starts the processes itself, on CPUs too. The loop has its own mixed precision.
    return [*launch, "--multi_gpu", "--mixed_precision", "no", "--dynamo_backend", "no", "-m"]


def copy_events(run: Path, tensorboard: Path) -> None:
    """Each stage's TensorBoard events as far as they are written, into a folder of the stage's name."""
    for events in run.glob("*/events.out.tfevents.*"):
        copy = tensorboard / events.parent.name / events.name
        if not copy.exists() or copy.stat().st_size != events.stat().st_size:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(events, copy)


def _hosts(environment: Mapping[str, str]) -> list[str]:
    """In the same order on every machine."""
    return sorted(json.loads(environment.get("SM_HOSTS", '["localhost"]')), key=lambda host: (len(host), host))


def _is_first(environment: Mapping[str, str]) -> bool:
    hosts = _hosts(environment)
    return environment.get("SM_CURRENT_HOST", hosts[0]) == hosts[0]


def _plain(value: object) -> object:
    """SageMaker hands over strings; those that were JSON once are made it again."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _start(module: list[str]) -> "subprocess.Popen[bytes]":
    """`python -m` in the folder of the code, which is where the container unpacked it."""
    root = Path(__file__).resolve().parents[1]
    return subprocess.Popen([sys.executable, "-m", *module], cwd=root)


def _run(module: list[str]) -> None:
    """The same to its end."""
    if (code := _start(module).wait()) != 0:
        raise subprocess.CalledProcessError(code, module)


if __name__ == "__main__":
    main(os.environ)
