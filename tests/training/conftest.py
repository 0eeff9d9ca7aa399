"""Data of the smallest size, made once."""

from pathlib import Path

import pytest
import torch

from tests.training.made_data import make
from training import mini_meld as mini_meld_maker

torch.set_num_threads(1)  # networks this small lose more to waiting threads than they gain


@pytest.fixture(scope="session")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like ../shared/data."""
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def mini_meld(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MELD of a few dialogues, without clips of real people."""
    folder = tmp_path_factory.mktemp("mini-meld")
    mini_meld_maker.make(folder)
    return folder
