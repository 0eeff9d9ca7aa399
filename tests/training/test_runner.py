"""Parts of one network may be on different devices while its fusion is trained."""

import numpy as np
import pytest

from models.network import Network
from streamer.labels import MODALITIES
from training import recipes
from training.runner import Encodings, TorchRunner


def test_a_fusion_on_another_device_than_the_encoders_is_given_its_inputs_there() -> None:
    network = Network(recipes.find("small", "tiny", {}).network)
    network.fusion.to("meta")  # which stands for a GPU: it is another device, whose answers nobody can read
    runner = TorchRunner(network)
    nothing = {
        m: Encodings(np.zeros((2, 1, runner.widths[m]), np.float32), np.ones((2, 1), np.float32)) for m in MODALITIES
    }
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        runner.fuse(nothing)
