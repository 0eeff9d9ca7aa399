"""Parts of one network may be on different devices while its fusion is trained."""

import numpy as np
import pytest
import torch

from models.network import Network
from streamer.labels import MODALITIES
from training import recipes
from training.runner import Encodings, TorchRunner
from training.team import Team


def test_a_network_is_measured_where_this_process_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Team()
    own.device = torch.device("meta")  # which stands for a GPU: another device, whose answers nobody can read
    monkeypatch.setattr("training.runner.team", lambda: own)
    runner = TorchRunner(Network(recipes.find("small", "tiny").network))
    assert {weight.device.type for weight in runner.network.parameters()} == {"meta"}


def test_a_fusion_on_another_device_than_the_encoders_is_given_its_inputs_there() -> None:
    network = Network(recipes.find("small", "tiny", {}).network)
    runner = TorchRunner(network)
    network.fusion.to("meta")  # as above
    nothing = {
        m: Encodings(np.zeros((2, 1, runner.widths[m]), np.float32), np.ones((2, 1), np.float32)) for m in MODALITIES
    }
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        runner.fuse(nothing)
