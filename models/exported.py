"""An encoder of a finished bundle as a part of a network: it computes what ships, to the bit, and learns nothing any more."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.graph import ENCODER_INPUTS, Encoded
from models.heads import Heads
from models.network import Network, NetworkConfig, part_name
from streamer.bundle import Bundle, read
from streamer.errors import BundleError
from streamer.labels import Modality


class ExportedEncoder(nn.Module):
    """One graph on ONNX Runtime, one CPU thread."""

    def __init__(self, path: Path, modality: Modality) -> None:
        import onnxruntime as ort  # most networks have no such part

        super().__init__()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.path = path
        self._names = ENCODER_INPUTS[modality]
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def forward(self, *inputs: Tensor) -> Encoded:
        """The graph's inputs -> what it says."""
        feed = {name: value.cpu().numpy() for name, value in zip(self._names, inputs, strict=True)}
        found = self._session.run(["embedding", "embedding_mask"], feed)
        return Encoded(*(torch.from_numpy(np.asarray(values)) for values in found))


def exported_parts(network: Network) -> dict[str, ExportedEncoder]:
    """Those of its encoders that are graphs already, by modality."""
    return {name: part for name, part in network.encoders.items() if isinstance(part, ExportedEncoder)}


def fitting(config: NetworkConfig, kept: Mapping[Modality, Path]) -> dict[Modality, Bundle]:
    """Bundles whose encoders can stand in a network.

    Args:
        config: The network's.
        kept: The bundle's folder, by modality.

    Raises:
        BundleError: a bundle is not there or damaged, or has another encoder than the network, or one that reads something else.
    """
    found = {}
    for modality, folder in kept.items():
        bundle, own = read(folder), config.encodings[modality]
        part = bundle.manifest.parts.get(modality)
        expected = (part_name(own.encoder), own.encoder.width, own.spec)
        if part is None or (part.name, part.width, part.spec) != expected:
            raise BundleError(
                f"{folder}: its {modality} encoder is not the {expected[0]} of this recipe, or reads something else; "
                f"train {modality} too, or keep it in a run of the recipe that made the bundle"
            )
        found[modality] = bundle
    return found


def keep(network: Network, kept: Mapping[Modality, Path]) -> dict[Modality, Bundle]:
    """Put encoders of finished bundles where the network has fresh ones.

    Args:
        network: Is changed.
        kept: The bundle's folder, by modality.

    Returns:
        The bundles, checked.

    Raises:
        BundleError: see `fitting`.
    """
    found = fitting(network.config, kept)
    for modality, bundle in found.items():
        network.encoders[modality] = ExportedEncoder(bundle.path(bundle.manifest.parts[modality].file), modality)
    return found


def heads_of(bundle: Bundle, modality: Modality) -> Heads:
    """The heads that an encoder was trained under, from the fusion's graph.

    Raises:
        BundleError: the fusion is of a kind that has none, or holds no plain weights.
    """
    import onnx  # as above
    from onnx import numpy_helper

    graph = onnx.load(str(bundle.path(bundle.manifest.fusion.file))).graph
    prefix = f"heads.{modality}."
    weights = {
        tensor.name.removeprefix(prefix): torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in graph.initializer
        if tensor.name.startswith(prefix)
    }
    try:
        heads = Heads(weights["emotion.weight"].shape[1])
        heads.load_state_dict(weights)
    except (KeyError, RuntimeError) as err:
        raise BundleError(
            f"{bundle.folder}: its fusion ({bundle.manifest.fusion.name}) keeps no heads of {modality} alone, "
            f"so that {modality} cannot be kept; train it too"
        ) from err
    return heads
