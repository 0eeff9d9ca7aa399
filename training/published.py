"""Weights that others published, from the caches that their own tools fill: nothing is made up, and fetched only by `fetch`."""

import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from torch import nn

from models.backbone import Backboned
from training.errors import TrainingError


class HubFile(NamedTuple):
    """A file of a repository on the Hugging Face hub."""

    repository: str
    files: tuple[str, ...]
    """Any of them will do; the first is the best."""

    def find(self) -> Path | None:
        """Where the hub's cache has it."""
        from huggingface_hub import try_to_load_from_cache  # only who trains with such weights needs it

        found = (try_to_load_from_cache(self.repository, name) for name in self.files)
        return next((Path(path) for path in found if isinstance(path, str)), None)

    @property
    def looked(self) -> str:
        """For what, and where."""
        from huggingface_hub.constants import HF_HUB_CACHE  # as above

        return f"{' or '.join(self.files)} of {self.repository} in {HF_HUB_CACHE}"

    @property
    def command(self) -> str:
        """What brings it there."""
        return f"hf download {self.repository} {self.files[0]}"


class TorchvisionFile(NamedTuple):
    """One of torchvision's weights."""

    weights: str
    """As `torchvision.models.get_weight` knows it."""

    def find(self) -> Path | None:
        """Where torch's cache has it."""
        path = self._path()
        return path if path.is_file() else None

    @property
    def looked(self) -> str:
        """For what, and where."""
        return str(self._path())

    @property
    def command(self) -> str:
        """What brings it there."""
        return f"python -c \"import torchvision; torchvision.models.get_weight('{self.weights}').get_state_dict()\""

    def _path(self) -> Path:
        import torch  # both take seconds
        from torchvision.models import get_weight

        return Path(torch.hub.get_dir()) / "checkpoints" / Path(get_weight(self.weights).url).name


PUBLISHED: Final[dict[str, HubFile | TorchvisionFile]] = {
    "bert-base": HubFile("google-bert/bert-base-uncased", ("model.safetensors",)),
    "wav2vec2-base": HubFile("facebook/wav2vec2-base", ("model.safetensors", "pytorch_model.bin")),
    "r3d18-kinetics": TorchvisionFile("R3D_18_Weights.KINETICS400_V1"),
    "resnet18-imagenet": TorchvisionFile("ResNet18_Weights.IMAGENET1K_V1"),
    "vit-b16-imagenet": TorchvisionFile("ViT_B_16_Weights.IMAGENET1K_V1"),
}


def fetch(names: Iterable[str]) -> None:
    """Bring those of the named weights that are not on this machine, each by its own command; others come with packages.

    Raises:
        TrainingError: a command fails.
    """
    for published in (PUBLISHED[name] for name in names if name in PUBLISHED):
        if published.find() is None and (
            code := subprocess.run(shlex.split(published.command), check=False).returncode
        ):
            raise TrainingError(f"`{published.command}` ended with {code}; what it said stands above")


def load(name: str, published: HubFile | TorchvisionFile, encoder: nn.Module) -> None:
    """Published weights into an encoder, or into its backbone where it has one.

    Raises:
        TrainingError: they are not on this machine, or are another network's.
    """
    network = encoder.backbone if isinstance(encoder, Backboned) else encoder
    take = getattr(network, "load_pretrained", None)
    if take is None:
        raise TrainingError(f"{name}: a {type(network).__name__} takes no published weights")
    path = published.find()
    if path is None:
        raise TrainingError(
            f"{name}: looked for {published.looked}, it is not there; `{published.command}` fetches it, "
            "`--random-weights` trains without, which is worth little"
        )
    try:
        take(path)
    except ValueError as err:
        raise TrainingError(f"{name}: {err}") from err
