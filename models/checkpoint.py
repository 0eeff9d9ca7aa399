"""A trained network in one file: weights, what it is made of, and what is known about it. Training writes it, exporters read it."""

import errno
import pickle
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import torch
from torch import Tensor

from models.exported import ExportedEncoder, exported_parts
from models.network import Network, from_data, to_data
from streamer.bundle import Corpus
from streamer.calibration import Calibration
from streamer.errors import BundleError
from streamer.labels import Modality

FILE = "network.pt"
TYPICAL = "typical.pt"
TOKENIZER = "tokenizer.json"
DAMAGED: Final = (
    *(RuntimeError, LookupError, ValueError, TypeError, AttributeError, EOFError, OSError),
    *(struct.error, pickle.UnpicklingError),
)
"""What `torch.load` raises of bytes that are no weights: whatever they happen to break."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What travels beside the weights into the manifest."""

    name: str
    version: str
    recipe: str
    size: str
    choices: dict[str, str] = {}
    """Of what the recipe leaves open."""
    corpora: tuple[Corpus, ...] = ()
    parity: dict[str, float] = {}
    """Of graphs that are kept from an earlier bundle, as they were measured there."""
    calibration: dict[str, Calibration] = {}


def save(folder: Path, network: Network, card: Card) -> None:
    """Write `network.pt` into a run's folder, whole or not at all; beside it the graphs that are kept."""
    kept = exported_parts(network)
    for modality, part in kept.items():
        shutil.copyfile(part.path, folder / _kept_file(modality))
    value = {
        "card": msgspec.json.encode(card).decode(),
        "network": to_data(network.config),
        "state": network.state_dict(),
        "kept": list(kept),
    }
    write_whole(folder / FILE, value)


def write_whole(path: Path, value: object) -> None:
    """Write what `torch.load` reads, whole or not at all.

    Raises:
        OSError: it cannot be written; what was there before is there still.
    """
    draft = path.with_name(path.name + ".part")
    try:
        torch.save(value, draft)
    except RuntimeError as err:  # torch writes by itself, and has no error of its own for a full disk
        draft.unlink(missing_ok=True)
        raise OSError(errno.EIO, f"cannot be written, is the disk full? ({_first_sentence(err)})", str(path)) from err
    draft.replace(path)


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
        for modality in found.get("kept", []):  # checkpoints from before graphs could be kept say nothing of it
            network.encoders[modality] = _kept_encoder(folder, modality)
        network.load_state_dict(found["state"])
        card = msgspec.json.decode(found["card"], type=Card)
    except BundleError:
        raise
    except (*DAMAGED, msgspec.MsgspecError) as err:
        raise BundleError(
            f"{path}: damaged or of another version ({_first_sentence(err)}); the run's last stage writes it again (`--resume`)"
        ) from err
    return network.eval(), card


def _kept_encoder(folder: Path, modality: Modality) -> ExportedEncoder:
    graph = folder / _kept_file(modality)
    if not graph.is_file():
        raise BundleError(f"{graph}: not there, though the run kept it from a bundle; copy the whole run")
    return ExportedEncoder(graph, modality)


def _kept_file(modality: str) -> str:
    return f"kept-{modality}.onnx"


def save_typical(folder: Path, inputs: Mapping[Modality, tuple[Tensor, ...]]) -> None:
    """Write one batch of each encoder's inputs, as training had them, beside `network.pt`: what 8-bit graphs are measured on."""
    write_whole(folder / TYPICAL, dict(inputs))


def load_typical(folder: Path) -> dict[Modality, tuple[Tensor, ...]]:
    """Those batches; none from a run that left none.

    Raises:
        BundleError: the file is damaged.
    """
    path = folder / TYPICAL
    if not path.is_file():
        return {}
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except DAMAGED as err:
        raise BundleError(
            f"{path}: damaged ({_first_sentence(err)}); the run's last stage writes it again (`--resume`)"
        ) from err


def _first_sentence(err: Exception) -> str:
    """Torch explains at length; the rest of it is about settings of its own."""
    return (str(err) or type(err).__name__).splitlines()[0].split(". ")[0]
