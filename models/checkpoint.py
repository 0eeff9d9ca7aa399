"""A trained network in one file: weights, what it is made of, and what is known about it. Training writes it, exporters read it."""

from pathlib import Path

import msgspec
import torch

from models.network import Network, from_data, to_data
from streamer.bundle import Corpus
from streamer.calibration import Calibration
from streamer.errors import BundleError

FILE = "network.pt"
TOKENIZER = "tokenizer.json"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What travels beside the weights into the manifest."""

    name: str
    version: str
    recipe: str
    size: str
    corpora: tuple[Corpus, ...] = ()
    calibration: dict[str, Calibration] = {}


def save(folder: Path, network: Network, card: Card) -> None:
    """Write `network.pt` into a run's folder, whole or not at all."""
    draft = folder / (FILE + ".part")
    torch.save(
        {"card": msgspec.json.encode(card).decode(), "network": to_data(network.config), "state": network.state_dict()},
        draft,
    )
    draft.replace(folder / FILE)


def load(folder: Path) -> tuple[Network, Card]:
    """Read a run's `network.pt`.

    Raises:
        BundleError: it is not there, is damaged, or was written for other parts.
    """
    path = folder / FILE
    if not path.is_file():
        raise BundleError(
            f"{folder}: no {FILE} there; `python -m training train --out {folder}` writes it when its last stage ends"
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        network = Network(from_data(found["network"]))
        network.load_state_dict(found["state"])
        card = msgspec.json.decode(found["card"], type=Card)
    except (RuntimeError, KeyError, EOFError, msgspec.MsgspecError) as err:
        raise BundleError(f"{path}: damaged or of another version ({err})") from err
    return network.eval(), card
