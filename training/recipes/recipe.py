"""What a recipe is: the network and the stages that train it."""

from typing import Literal

import msgspec

from models.network import NetworkConfig
from training.stages.dialogue import DialogueStage
from training.stages.fusion import FusionStage
from training.stages.joint import JointStage
from training.stages.unimodal import UnimodalStage

Size = Literal["tiny", "full"]
"""`tiny`: random weights and seconds, for tests; `full`: what is shipped or reported."""

Stage = UnimodalStage | FusionStage | JointStage | DialogueStage


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a training needs to know but where its data is."""

    name: str
    version: str
    """Of the bundles it gives."""
    size: Size
    network: NetworkConfig
    stages: tuple[Stage, ...]
    """In order; each may start from the weights of an earlier one."""
    choices: dict[str, str] = {}
    """All that the recipe leaves open, as it was chosen (`--with`)."""
