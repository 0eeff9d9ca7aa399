"""Each part of a network as one ONNX graph with the names of `streamer/bundle.py`; batch and time are dynamic."""

import warnings
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from models.exported import exported_parts
from models.graph import ENCODER_INPUTS
from models.network import Network
from streamer.features import FaceCropSpec, WaveformSpec
from streamer.labels import MODALITIES, Modality

OPSET: Final = 17
"""The oldest that has LayerNormalization; every ONNX Runtime that the daemon accepts reads it."""

Inputs = tuple[Tensor, ...]

INPUT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    **{str(modality): names for modality, names in ENCODER_INPUTS.items()},
    "fusion": (*MODALITIES, *(f"{m}_mask" for m in MODALITIES)),
}
OUTPUT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "text": ("embedding", "embedding_mask"),
    "audio": ("embedding", "embedding_mask"),
    "video": ("embedding", "embedding_mask"),
    "fusion": ("emotion_logits", "sentiment_logits", "weights"),
}
_STEPS: Final = {"text": "tokens", "audio": "steps", "video": "frames"}


def graph_names(network: Network) -> tuple[str, ...]:
    """The graphs to write of this network: one per modality that it has and that is none already, and the fusion."""
    kept = exported_parts(network)
    return (*(m for m in MODALITIES if m in network.config.encodings and m not in kept), "fusion")


def module_of(network: Network, graph: str) -> nn.Module:
    """The torch module behind a graph."""
    return network.fusion if graph == "fusion" else network.encoders[graph]


def random_inputs(
    network: Network, graph: str, *, batch: int, steps: int, seed: int, absent: frozenset[Modality] = frozenset()
) -> Inputs:
    """Inputs of the graph's types and shapes; each sample but the first is padded, more from one to the next.

    `absent` names modalities that are one step of zeros under a mask of 0; for the fusion only.
    """
    draw = torch.Generator().manual_seed(seed)
    lengths = [max(1, steps - row * max(1, steps // 4)) for row in range(batch)]
    mask = (torch.arange(steps)[None, :] < torch.tensor(lengths)[:, None]).float()
    if graph == "fusion":
        return _fusion_inputs(network, batch, mask, draw, absent)
    spec = network.config.encodings[_modality(graph)].spec
    if graph == "text":
        ids = torch.randint(1, _vocabulary(network), (batch, steps), generator=draw)
        there = mask.long()
        earlier = torch.arange(steps)[None, :] < torch.tensor(lengths)[:, None] // 2
        return ids * there, there, there * (~earlier).long()
    if graph == "audio":
        width = 1 if isinstance(spec, WaveformSpec) else int(getattr(spec, "width"))  # noqa: B009 - every other audio spec has one
        return torch.randn(batch, steps, width, generator=draw) * mask.unsqueeze(-1), mask
    if not isinstance(spec, FaceCropSpec):
        raise TypeError(f"video needs a FaceCropSpec, not {type(spec).__name__}")
    crops = torch.randn(batch, steps, spec.channels, spec.size_px, spec.size_px, generator=draw)
    return crops * mask[:, :, None, None, None], mask


def write_graph(network: Network, graph: str, path: Path) -> None:
    """Trace one part and write it."""
    inputs = random_inputs(network, graph, batch=2, steps=_traced_steps(network, graph), seed=1)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of the dynamo one, which has frozen dynamic axes without a word; parity is
        # checked either way.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module_of(network, graph).eval(),
            inputs,
            str(path),
            input_names=list(INPUT_NAMES[graph]),
            output_names=list(OUTPUT_NAMES[graph]),
            dynamic_axes=_dynamic_axes(graph),
            opset_version=OPSET,
            dynamo=False,
        )
    _complete(path, graph, inputs)


def opset_of(path: Path) -> int:
    """The version of ONNX's own operators that a graph needs."""
    import onnx

    return next(int(found.version) for found in onnx.load(str(path)).opset_import if found.domain in ("", "ai.onnx"))


def _complete(path: Path, graph: str, inputs: Inputs) -> None:
    """Give the graph back the inputs that tracing has left out because nothing depends on them: the daemon sends them all."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load(str(path))
    found = {port.name for port in model.graph.input}
    if found.issuperset(INPUT_NAMES[graph]):
        return
    axes = _dynamic_axes(graph)
    for name, value in zip(INPUT_NAMES[graph], inputs, strict=True):
        if name not in found:
            kind = TensorProto.FLOAT if value.is_floating_point() else TensorProto.INT64
            shape = [axes[name].get(axis, size) for axis, size in enumerate(value.shape)]
            model.graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    onnx.save(model, str(path))


def _traced_steps(network: Network, graph: str) -> int:
    if graph != "audio":
        return 8
    return 3_200 if isinstance(network.config.encodings["audio"].spec, WaveformSpec) else 96


def _dynamic_axes(graph: str) -> dict[str, dict[int, str]]:
    if graph == "fusion":
        steps: dict[str, dict[int, str]] = {m: {0: "batch", 1: f"{m}_steps"} for m in MODALITIES}
        masks = {f"{m}_mask": {0: "batch", 1: f"{m}_steps"} for m in MODALITIES}
        return {**steps, **masks, **{name: {0: "batch"} for name in OUTPUT_NAMES["fusion"]}}
    axes = {name: {0: "batch", 1: _STEPS[graph]} for name in INPUT_NAMES[graph]}
    # An encoder may pool: how many steps it gives is its own affair.
    return {**axes, **{name: {0: "batch", 1: "embedding_steps"} for name in OUTPUT_NAMES[graph]}}


def _fusion_inputs(
    network: Network, batch: int, mask: Tensor, draw: torch.Generator, absent: frozenset[Modality]
) -> Inputs:
    widths = network.config.widths
    embeddings, masks = [], []
    for m in MODALITIES:
        if m in absent or m not in widths:
            embeddings.append(torch.zeros(batch, 1, widths.get(m, 1)))
            masks.append(torch.zeros(batch, 1))
        else:
            embeddings.append(torch.randn(batch, mask.shape[1], widths[m], generator=draw) * mask.unsqueeze(-1))
            masks.append(mask)
    return (*embeddings, *masks)


def _modality(graph: str) -> Modality:
    return next(m for m in MODALITIES if m == graph)


def _vocabulary(network: Network) -> int:
    return int(getattr(network.config.encodings["text"].encoder, "vocabulary"))  # noqa: B009 - every text encoder has one
