"""A whole network: which parts with which features, built from plain data that a checkpoint carries."""

from typing import Any, cast

import msgspec
from torch import Tensor, nn

from models.graph import Encoded, EncoderConfig, FeatureSpec, Fused, FusionConfig
from streamer.errors import BundleError
from streamer.features import AudioSpec, FaceCropSpec, TextSpec
from streamer.labels import Modality


class Encoding(msgspec.Struct, frozen=True):
    """One modality: what its encoder sees, and the encoder."""

    spec: FeatureSpec
    encoder: EncoderConfig


class NetworkConfig(msgspec.Struct, frozen=True):
    """The parts of one recipe at one size."""

    encodings: dict[Modality, Encoding]
    fusion: FusionConfig

    @property
    def widths(self) -> dict[Modality, int]:
        """Of the embeddings, by modality."""
        return {modality: encoding.encoder.width for modality, encoding in self.encodings.items()}


class Network(nn.Module):
    """Encoders and fusion under one roof; each is exported as its own graph."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleDict({m: e.encoder.build(e.spec) for m, e in config.encodings.items()})
        self.fusion = config.fusion.build(config.widths)

    def encode(self, modality: Modality, *inputs: Tensor) -> Encoded:
        """One modality's graph inputs -> its embedding and mask."""
        return cast("Encoded", self.encoders[modality](*inputs))

    def fuse(self, *inputs: Tensor) -> Fused:
        """The fusion's graph inputs: embeddings in the order of `labels.MODALITIES`, then masks in the same order."""
        return cast("Fused", self.fusion(*inputs))


def to_data(config: NetworkConfig) -> dict[str, Any]:
    """Plain data that JSON can hold; `from_data` is its inverse."""
    return {
        "encodings": {
            modality: {"spec": msgspec.to_builtins(encoding.spec), "encoder": _named(encoding.encoder)}
            for modality, encoding in config.encodings.items()
        },
        "fusion": _named(config.fusion),
    }


def from_data(data: dict[str, Any]) -> NetworkConfig:
    """The config that `to_data` wrote.

    Raises:
        BundleError: it names a part that is not in `models.REGISTRY`, or a value does not fit.
    """
    try:
        encodings = {
            cast("Modality", modality): Encoding(
                _spec(modality, found["spec"]), cast("EncoderConfig", _part(found["encoder"]))
            )
            for modality, found in data["encodings"].items()
        }
        return NetworkConfig(encodings, cast("FusionConfig", _part(data["fusion"])))
    except (KeyError, msgspec.ValidationError) as err:
        raise BundleError(f"the checkpoint's network does not fit this version: {err}; train it again") from err


def part_name(config: EncoderConfig | FusionConfig) -> str:
    """The part's name in `models.REGISTRY`."""
    from models import REGISTRY  # the registry imports the parts, which import this package's graph

    for name, kind in REGISTRY.items():
        if type(config) is kind:
            return name
    raise BundleError(f"{type(config).__name__} is not in models.REGISTRY; add its line there")


def _named(config: EncoderConfig | FusionConfig) -> dict[str, Any]:
    return {"name": part_name(config), **msgspec.to_builtins(config)}


def _part(data: dict[str, Any]) -> EncoderConfig | FusionConfig:
    from models import REGISTRY  # as above

    sizes = {key: value for key, value in data.items() if key != "name"}
    if data["name"] not in REGISTRY:
        raise BundleError(
            f"the checkpoint uses a part named {data['name']!r}; models.REGISTRY has {', '.join(REGISTRY)}"
        )
    return msgspec.convert(sizes, REGISTRY[data["name"]])


def _spec(modality: str, data: dict[str, Any]) -> FeatureSpec:
    kinds: dict[str, Any] = {"text": TextSpec, "audio": AudioSpec, "video": FaceCropSpec}
    return cast("FeatureSpec", msgspec.convert(data, kinds[modality]))
