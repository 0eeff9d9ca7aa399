"""From a run to a bundle, or to an error: nothing half-written, nothing that is not what torch computes."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from torch import Tensor

from exporters.draft import draft_of
from exporters.errors import ExportError
from exporters.graphs import INPUT_NAMES, graph_names, opset_of, write_graph
from exporters.parity import check, measure
from exporters.precision import Feed, Precision, WeightBits, shrink
from models.checkpoint import TOKENIZER, Card, load, load_typical
from models.exported import exported_parts
from models.graph import EncoderConfig
from models.network import Network, part_name
from streamer.bundle import AudioPart, Bundle, FusionPart, Manifest, TextPart, VideoPart, read, write_manifest
from streamer.features import AudioSpec, FaceCropSpec, TextSpec
from streamer.labels import Modality

_WEIGHT_BITS: Final[dict[tuple[str, Precision], WeightBits]] = {("text", "int8"): 8, ("text", "int4"): 4}
"""By graph and precision, where it is not seven. Of words so few sums of eight bits overflow without VNNI that answers hardly move: one in
forty thousand; of sound it would be fifteen times as many."""


def export(run: Path, folder: Path, precision: Precision = "fp32") -> Bundle:
    """Write the run's network as a bundle.

    Raises:
        BundleError: the run has no finished network.
        ExportError: the float32 graphs differ from torch by more than `parity.TOLERANCE`.
    """
    network, card = load(run)
    with draft_of(folder) as draft:
        for graph in graph_names(network):
            write_graph(network, graph, draft / f"{graph}.onnx")
        exact = measure(network, draft)
        check(exact)
        typical = _feeds(load_typical(run))
        for graph in graph_names(network):
            bits = _WEIGHT_BITS.get((graph, precision), 7)
            shrink(draft / f"{graph}.onnx", precision, typical.get(graph), weight_bits=bits)
        for modality, kept in exported_parts(network).items():
            shutil.copyfile(kept.path, draft / f"{modality}.onnx")
        parity = dict(card.parity) | {graph: found.value for graph, found in exact.items()}
        if precision != "fp32":
            parity |= {f"{graph}-{precision}": found.value for graph, found in measure(network, draft).items()}
        if "text" in network.config.encodings:
            _copy_tokenizer(run, draft)
        opset = max(opset_of(graph) for graph in draft.glob("*.onnx"))
        write_manifest(draft, _manifest(network, card, precision, opset, parity))
        read(draft)
    return read(folder)


def _feeds(typical: Mapping[Modality, tuple[Tensor, ...]]) -> dict[str, Feed]:
    """By the names of the graphs' inputs."""
    return {
        graph: {name: values.numpy() for name, values in zip(INPUT_NAMES[graph], inputs, strict=True)}
        for graph, inputs in typical.items()
    }


def _copy_tokenizer(run: Path, draft: Path) -> None:
    if not (run / TOKENIZER).is_file():
        raise ExportError(f"{run}: no {TOKENIZER}; the run's text stage writes it")
    shutil.copyfile(run / TOKENIZER, draft / TOKENIZER)


def _manifest(network: Network, card: Card, precision: Precision, opset: int, parity: dict[str, float]) -> Manifest:
    encodings = network.config.encodings

    def named(modality: Modality) -> tuple[str, int, str]:
        encoder: EncoderConfig = encodings[modality].encoder
        return f"{modality}.onnx", encoder.width, part_name(encoder)

    text = audio = video = None
    if "text" in encodings:
        file, width, name = named("text")
        text = TextPart(file=file, width=width, name=name, spec=cast("TextSpec", encodings["text"].spec))
    if "audio" in encodings:
        file, width, name = named("audio")
        audio = AudioPart(file=file, width=width, name=name, spec=cast("AudioSpec", encodings["audio"].spec))
    if "video" in encodings:
        file, width, name = named("video")
        spec, incremental = cast("FaceCropSpec", encodings["video"].spec), encodings["video"].encoder.incremental
        video = VideoPart(file=file, width=width, name=name, spec=spec, incremental=incremental)
    return Manifest(
        name=card.name,
        version=card.version,
        recipe=" ".join((f"{card.recipe}/{card.size}", *(f"{name}={value}" for name, value in card.choices.items()))),
        opset=opset,
        precision=precision,
        text=text,
        audio=audio,
        video=video,
        fusion=FusionPart(name=part_name(network.config.fusion)),
        calibration=card.calibration,
        corpora=card.corpora,
        parity={graph: float(value) for graph, value in parity.items()},
    )
