"""What is asked of SageMaker, against moto; and its entry point in folders laid out as in the container."""

import io
import json
import re
import tarfile
from pathlib import Path

import boto3
import msgspec
import pytest
from moto import mock_aws

from streamer.bundle import read
from training.errors import TrainingError
from training.sagemaker import Job, request, submit
from training.sagemaker_entry import main

JOB = Job(
    name="meld-1",
    role="arn:aws:iam::123456789012:role/training",
    bucket="trainings",
    data="s3://data/meld",
    image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/pytorch-training:2.8",
    recipe="bert-r3d-cnn",
    epochs=3,
)
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")


@mock_aws
def test_a_job_is_submitted_with_spot_limits_metrics_and_channels() -> None:
    storage = boto3.client("s3", region_name=REGION)
    storage.create_bucket(Bucket="trainings", CreateBucketConfiguration={"LocationConstraint": REGION})
    arn = submit(JOB, REGION)
    assert arn.endswith(":training-job/meld-1")
    found = boto3.client("sagemaker", region_name=REGION).describe_training_job(TrainingJobName="meld-1")
    assert found["EnableManagedSpotTraining"] is True
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400, "MaxWaitTimeInSeconds": 129_600}
    assert found["CheckpointConfig"]["S3Uri"] == "s3://trainings/meld-1/checkpoints"
    assert found["TensorBoardOutputConfig"]["S3OutputPath"] == "s3://trainings/meld-1/tensorboard"
    assert found["InputDataConfig"][0]["ChannelName"] == "training"
    assert json.loads(found["HyperParameters"]["epochs"]) == 3
    body = storage.get_object(Bucket="trainings", Key="meld-1/source/sourcedir.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        held = set(archive.getnames())
    assert {"training/sagemaker_entry.py", "requirements.txt", "models/__init__.py"} <= held
    assert not any("__pycache__" in name or name.startswith("streamer/bundles") for name in held)


def test_cloudwatch_finds_each_figure_in_the_line_of_an_epoch() -> None:
    line = "joint: epoch 1  loss 2.5  seconds 0.1  score 0.3  accuracy 0.1  weighted_f1 0.3  macro_f1 0.2  sentiment_accuracy 0.9"
    line += "  sentiment_weighted_f1 0.8  sentiment_macro_f1 0.7"
    metrics = request(JOB, "s3://trainings/source")["AlgorithmSpecification"]["MetricDefinitions"]
    found = {metric["Name"]: re.findall(metric["Regex"], line) for metric in metrics}
    assert found == {
        "calibration:weighted_f1": ["0.3"],
        "calibration:macro_f1": ["0.2"],
        "calibration:accuracy": ["0.1"],
        "train:loss": ["2.5"],
    }


@mock_aws
def test_a_bucket_that_is_not_there_is_an_error_of_one_line() -> None:
    with pytest.raises(TrainingError, match=r"sagemaker: .*NoSuchBucket"):
        submit(JOB, REGION)


def test_a_spot_job_must_be_allowed_to_wait_as_long_as_it_runs() -> None:
    with pytest.raises(TrainingError, match="max_wait_s 10 is below max_run_s"):
        submit(msgspec.structs.replace(JOB, max_wait_s=10), REGION)


def test_a_job_without_spot_has_neither_wait_nor_checkpoints() -> None:
    made = request(msgspec.structs.replace(JOB, spot=False), "s3://trainings/source")
    assert "CheckpointConfig" not in made
    assert made["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}


@pytest.mark.slow
def test_the_entry_point_leaves_a_runnable_bundle_and_its_checkpoint(mini_meld: Path, tmp_path: Path) -> None:
    model = tmp_path / "opt" / "ml" / "model"
    model.mkdir(parents=True)
    settings = {"recipe": '"bert-r3d-cnn"', "size": '"tiny"', "steps": "2", "sagemaker_program": "ignored"}
    environment = {
        "SM_CHANNEL_TRAINING": str(mini_meld),
        "SM_MODEL_DIR": str(model),
        "SM_HPS": json.dumps(settings),
    }
    main(environment, tmp_path / "checkpoints", tmp_path / "tensorboard")
    assert read(model / "bundle").manifest.recipe == "bert-r3d-cnn/tiny"
    assert {path.name for path in (model / "checkpoint").iterdir()} == {"network.pt", "tokenizer.json"}
    assert list((tmp_path / "tensorboard").rglob("events.out.tfevents.*"))
