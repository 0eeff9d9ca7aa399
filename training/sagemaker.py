"""A training on Amazon SageMaker: what `submit` asks of it. What runs there is `training/sagemaker_entry.py`."""

import io
import json
import tarfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from training.errors import TrainingError

if TYPE_CHECKING:
    from training.recipes.recipe import Stage

METRICS: Final = (
    {"Name": "calibration:weighted_f1", "Regex": r"\sweighted_f1 ([0-9.]+)"},
    {"Name": "calibration:macro_f1", "Regex": r"\smacro_f1 ([0-9.]+)"},
    {"Name": "calibration:accuracy", "Regex": r"\saccuracy ([0-9.]+)"},
    {"Name": "train:loss", "Regex": r"\sloss ([0-9.]+)"},
)
"""CloudWatch reads them from the lines that `training.loop` says after each epoch."""
ENTRY: Final = "training/sagemaker_entry.py"
_SOURCES: Final = ("streamer", "models", "training", "exporters", "pyproject.toml", "README.md", "LICENSE")
_LEFT_OUT: Final = ("__pycache__", "bundles", "demo")
_TENSORBOARD: Final = "/opt/ml/output/tensorboard"
_ROOT: Final = Path(__file__).resolve().parents[1]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One training job."""

    name: str
    role: str
    """ARN of the execution role."""
    bucket: str
    data: str
    """S3 prefix that holds what the recipe's corpora are read from, laid out as `--data` on one's own machine: the channel `training`."""
    image: str
    """URI of a PyTorch training container."""
    recipe: str
    size: str = "full"
    choices: dict[str, str] = {}
    """Of what the recipe leaves open."""
    epochs: int | None = None
    instance_type: str = "ml.g5.xlarge"
    instances: int = 1
    """Machines that train one network together; see `training.sagemaker_entry.launcher`."""
    volume_gb: int = 100
    max_run_s: int = 24 * 3600
    spot: bool = True
    max_wait_s: int = 36 * 3600
    """With `spot`, how long it may take in all, waiting for a machine included."""


def submit(job: Job, region: str | None = None) -> str:
    """Upload the code and start the job.

    Returns:
        The job's ARN.

    Raises:
        TrainingError: the request makes no sense, or AWS refuses it.
    """
    import boto3  # half a second that only this verb costs
    from botocore.exceptions import BotoCoreError, ClientError

    if job.spot and job.max_wait_s < job.max_run_s:
        raise TrainingError(
            f"max_wait_s {job.max_wait_s} is below max_run_s {job.max_run_s}; a spot job waits and runs in it"
        )
    stages = _check(job)
    key = f"{job.name}/source/sourcedir.tar.gz"
    try:
        boto3.client("s3", region_name=region).put_object(
            Bucket=job.bucket, Key=key, Body=source_archive(_ROOT, stages)
        )
        client = boto3.client("sagemaker", region_name=region)
        return str(client.create_training_job(**request(job, f"s3://{job.bucket}/{key}"))["TrainingJobArn"])
    except (BotoCoreError, ClientError) as err:
        raise TrainingError(f"sagemaker: {err}; check the role, the bucket and the region") from err


def _check(job: Job) -> "tuple[Stage, ...]":
    """What would fail on a machine that is paid for, before there is one; returns what it will train."""
    from training import recipes  # torch: seconds

    stages = recipes.find(job.recipe, "full" if job.size == "full" else "tiny", job.choices).stages
    if job.instances > 1 and len(stages) > 1:
        raise TrainingError(
            f"{job.recipe} learns in {len(stages)} stages, each from weights that only the first machine has; ask for --instances 1"
        )
    return stages


def request(job: Job, source: str) -> dict[str, Any]:
    """What `CreateTrainingJob` takes."""
    output = f"s3://{job.bucket}/{job.name}"
    hyperparameters = {
        "recipe": job.recipe,
        "size": job.size,
        "sagemaker_program": ENTRY,
        "sagemaker_submit_directory": source,
        **({"epochs": job.epochs} if job.epochs else {}),
        **({"with": job.choices} if job.choices else {}),
    }
    stopping = {"MaxRuntimeInSeconds": job.max_run_s}
    made: dict[str, Any] = {
        "TrainingJobName": job.name,
        "RoleArn": job.role,
        "AlgorithmSpecification": {
            "TrainingImage": job.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": list(METRICS),
        },
        "HyperParameters": {name: json.dumps(value) for name, value in hyperparameters.items()},
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": job.data,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": {
            "InstanceType": job.instance_type,
            "InstanceCount": job.instances,
            "VolumeSizeInGB": job.volume_gb,
        },
        "StoppingCondition": stopping,
        "TensorBoardOutputConfig": {"S3OutputPath": f"{output}/tensorboard", "LocalPath": _TENSORBOARD},
        "EnableManagedSpotTraining": job.spot,
    }
    if job.spot:
        stopping["MaxWaitTimeInSeconds"] = job.max_wait_s
        # A machine that is taken away leaves its run's folder here; the next one resumes from it.
        made["CheckpointConfig"] = {"S3Uri": f"{output}/checkpoints", "LocalPath": "/opt/ml/checkpoints"}
    return made


def source_archive(root: Path, stages: "tuple[Stage, ...]") -> bytes:
    """The code as a `sourcedir.tar.gz`, without caches and shipped networks, and what the container must install for these stages."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in _SOURCES:
            path = root / name
            if path.exists():
                archive.add(path, name, filter=lambda m: None if set(Path(m.name).parts) & set(_LEFT_OUT) else m)
        needed = "\n".join(requirements(root, stages)).encode()
        entry = tarfile.TarInfo("requirements.txt")
        entry.size = len(needed)
        archive.addfile(entry, io.BytesIO(needed))
    return buffer.getvalue()


def requirements(root: Path, stages: "tuple[Stage, ...]") -> list[str]:
    """What a container lacks; the teacher's 400 MB only where a stage starts from them."""
    from training.recipes import starts  # as above

    needed = (root / "training" / "sagemaker_requirements.txt").read_text(encoding="utf-8").splitlines()
    if "mpnet" in starts(stages):
        extras = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        needed += extras["teacher"]
    return needed
