"""What is asked of SageMaker, against moto; and its entry point in folders laid out as in the container."""

import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import boto3
import msgspec
import pytest
from moto import mock_aws
from packaging.requirements import Requirement

from streamer.bundle import read
from training.errors import TrainingError
from training.recipes import find
from training.sagemaker import Job, request, source_archive, submit
from training.sagemaker_entry import copy_events, launcher, main, training

JOB = Job(
    name="meld-1",
    role="arn:aws:iam::123456789012:role/training",
    bucket="trainings",
    data="s3://data/meld",
    image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/pytorch-training:2.8",
    recipe="modular",
    choices={"text": "bilstm", "video": "none"},
    epochs=3,
    instances=2,
)
REGION = "eu-central-1"
ROOT = Path(__file__).resolve().parents[2]


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
    assert json.loads(found["HyperParameters"]["with"]) == {"text": "bilstm", "video": "none"}
    assert found["ResourceConfig"]["InstanceCount"] == 2
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


@pytest.mark.parametrize(("recipe", "teacher"), [("small", True), ("modular", False)])
def test_the_container_installs_the_teachers_weights_where_a_stage_starts_from_them(recipe: str, teacher: bool) -> None:
    body = source_archive(ROOT, find(recipe, "full").stages)
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        file = archive.extractfile("requirements.txt") or pytest.fail("no file")
        needed = {Requirement(line).name for line in file.read().decode().splitlines() if not line.startswith("#")}
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["teacher"]
    parts = {Requirement(line).name for line in extra}
    assert len(parts) == 5
    assert needed & parts == (parts if teacher else set())
    assert {"accelerate", "onnx", "pyarrow"} <= needed


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


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"choices": {"text": "bilstn"}}, "text cannot be 'bilstn'; did you mean 'bilstm'"),
        ({"recipe": "modullar"}, "did you mean 'modular'"),
        ({"recipe": "small", "choices": {}}, "small learns in .* stages.*; ask for --instances 1"),
    ],
)
def test_what_would_fail_on_the_machine_is_refused_before_there_is_one(
    changed: dict[str, object], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        submit(msgspec.structs.replace(JOB, **changed), REGION)


def test_the_entry_point_trains_what_was_chosen() -> None:
    settings = {"recipe": "modular", "size": "full", "with": {"text": "bilstm", "video": "none"}, "epochs": 3}
    command = training(settings, Path("data"), Path("run"), Path("cache"))
    assert command[:6] == ["training", "train", "--recipe", "modular", "--size", "full"]
    assert command[6:10] == ["--with", "text=bilstm", "--with", "video=none"]
    assert command[-2:] == ["--epochs", "3"]
    with pytest.raises(TypeError, match="hyperparameter with"):
        training({"with": "text=bilstm"}, Path("data"), Path("run"), Path("cache"))


def test_weights_that_a_recipe_starts_from_are_fetched_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hf = tmp_path / "hf"
    hf.write_text(f"#!/bin/sh\necho $@ >> {tmp_path}/asked\nexit 7\n", encoding="utf-8")
    hf.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    settings = {"recipe": "modular", "with": {"audio": "none", "video": "none"}}
    environment = {
        "SM_CHANNEL_TRAINING": "nowhere",
        "SM_MODEL_DIR": str(tmp_path),
        "SM_HPS": json.dumps(settings),
    }
    with pytest.raises(subprocess.CalledProcessError, match="fetch"):
        main(environment, tmp_path / "checkpoints", tmp_path)
    assert (tmp_path / "asked").read_text("utf-8") == "download google-bert/bert-base-uncased model.safetensors\n"
    assert not (tmp_path / "checkpoints").exists()


def test_one_process_needs_no_launcher() -> None:
    assert launcher({}) == []
    assert launcher({"SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-1", "SM_NUM_GPUS": "1"}) == []


@pytest.mark.parametrize(
    ("hosts", "current", "gpus", "expected"),
    [
        (["algo-1", "algo-2"], "algo-2", "4", ("2", "8", "1")),
        (["algo-2", "algo-1"], "algo-1", "0", ("2", "2", "0")),  # each machine must call the same one the first
        ([f"algo-{i}" for i in range(1, 12)], "algo-10", "1", ("11", "11", "9")),
        (["algo-1"], "algo-1", "8", ("1", "8", "0")),
    ],
)
def test_accelerate_is_told_of_every_machine_and_which_is_the_first(
    hosts: list[str], current: str, gpus: str, expected: tuple[str, str, str]
) -> None:
    command = launcher({"SM_HOSTS": json.dumps(hosts), "SM_CURRENT_HOST": current, "SM_NUM_GPUS": gpus}, port=7)
    flags = dict(itertools.pairwise(command))
    found = tuple(flags[name] for name in ("--num_machines", "--num_processes", "--machine_rank"))
    assert found == expected
    assert (flags["--main_process_ip"], flags["--main_process_port"], command[-1]) == ("algo-1", "7", "-m")


def test_events_are_copied_as_they_grow(tmp_path: Path) -> None:
    events = tmp_path / "run" / "joint" / "events.out.tfevents.1.host"
    events.parent.mkdir(parents=True)
    for written in (b"one", b"one, two"):
        events.write_bytes(written)
        copy_events(tmp_path / "run", tmp_path / "tensorboard")
        assert (tmp_path / "tensorboard" / "joint" / events.name).read_bytes() == written


@pytest.mark.slow
def test_two_machines_train_one_network_and_the_first_leaves_it(mini_meld: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hosts = ["localhost", "127.0.0.10"]  # both are this machine; the shorter name is the first
    machines = []
    for host in hosts:
        folder = tmp_path / host
        (folder / "model").mkdir(parents=True)
        environment = {
            "SM_CHANNEL_TRAINING": str(mini_meld),
            "SM_MODEL_DIR": str(folder / "model"),
            "SM_HPS": json.dumps({"recipe": "modular", "size": "tiny", "steps": 2, "with": {"video": "none"}}),
            "SM_HOSTS": json.dumps(hosts),
            "SM_CURRENT_HOST": host,
            "SM_NUM_GPUS": "0",
        }
        code = (
            "import json, sys; from pathlib import Path; from training.sagemaker_entry import main; "
            f"main(json.loads(sys.argv[1]), Path({str(folder)!r}), Path({str(folder / 'tb')!r}), "
            f"copy_every_s=0.5, port={port})"
        )
        command = [sys.executable, "-c", code, json.dumps(environment)]
        machines.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}))
    assert [machine.wait(timeout=110) for machine in machines] == [0, 0]
    first, second = (tmp_path / host for host in hosts)
    recipe = read(first / "model" / "bundle").manifest.recipe
    assert recipe.startswith("modular/tiny ")
    assert "video=none" in recipe.split()
    assert list((first / "tb").rglob("events.out.tfevents.*"))
    assert not list((second / "model").iterdir())


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
