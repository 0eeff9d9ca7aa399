"""The same encoders and fusion, in torch or as an exported bundle, behind one interface for measuring and calibrating."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from models.graph import ENCODER_INPUTS
from models.network import Network
from streamer.bundle import Bundle
from streamer.features import AudioSpec, FaceCropSpec, TextSpec
from streamer.features.arrays import Float32
from streamer.labels import MODALITIES, Modality
from training.mixed_precision import bf16
from training.team import team

Specs = dict[Modality, TextSpec | AudioSpec | FaceCropSpec]


class Encodings(NamedTuple):
    """[batch, steps, width] and [batch, steps]."""

    embedding: Float32
    mask: Float32


class Scores(NamedTuple):
    """[n, 7], [n, 3] and [n, 3]."""

    emotion_logits: Float32
    sentiment_logits: Float32
    weights: Float32


class Runner(Protocol):
    """Runs one network's graphs."""

    specs: Specs
    widths: dict[Modality, int]

    def encode(self, modality: Modality, inputs: tuple[Tensor, ...]) -> Encodings:
        """One modality's graph inputs -> its embedding and mask."""
        ...

    def fuse(self, embeddings: dict[Modality, Encodings]) -> Scores:
        """All three modalities; an absent one is zeros under a mask of zeros."""
        ...


class TorchRunner:
    """A network in torch, where this process computes: on the GPU, if there is one."""

    def __init__(self, network: Network, *, bf16: bool = False) -> None:
        self.network = network.to(team().device).eval()
        self._bf16 = bf16
        self.specs: Specs = {m: encoding.spec for m, encoding in network.config.encodings.items()}
        self.widths = network.config.widths

    @torch.inference_mode()
    def encode(self, modality: Modality, inputs: tuple[Tensor, ...]) -> Encodings:
        """See `Runner`."""
        device = _device_of(self.network.encoders[modality])
        with bf16(device, wanted=self._bf16):
            encoded = self.network.encode(modality, *(tensor.to(device) for tensor in inputs))
        return Encodings(encoded.embedding.float().cpu().numpy(), encoded.mask.float().cpu().numpy())

    @torch.inference_mode()
    def fuse(self, embeddings: dict[Modality, Encodings]) -> Scores:
        """See `Runner`."""
        device = _device_of(self.network.fusion)
        both = [torch.from_numpy(embeddings[m][part]).to(device) for part in (0, 1) for m in MODALITIES]
        return Scores(*(output.cpu().numpy() for output in self.network.fuse(*both)))


def _device_of(module: nn.Module) -> torch.device:
    """Where it is; an encoder that was exported has no weights here, and runs on the CPU."""
    weight = next(module.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


class BundleRunner:
    """An exported bundle on ONNX Runtime, one CPU thread: what is measured is what ships."""

    def __init__(self, bundle: Bundle) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        manifest = bundle.manifest
        parts = manifest.parts
        self.specs: Specs = {modality: part.spec for modality, part in parts.items()}
        self.widths = {modality: part.width for modality, part in parts.items()}
        self._sessions = {
            name: ort.InferenceSession(str(bundle.path(file)), options, providers=["CPUExecutionProvider"])
            for name, file in manifest.graphs.items()
        }

    def encode(self, modality: Modality, inputs: tuple[Tensor, ...]) -> Encodings:
        """See `Runner`."""
        feed = {name: value.numpy() for name, value in zip(ENCODER_INPUTS[modality], inputs, strict=True)}
        return Encodings(*self._sessions[modality].run(["embedding", "embedding_mask"], feed))

    def fuse(self, embeddings: dict[Modality, Encodings]) -> Scores:
        """See `Runner`."""
        feed = {m: found.embedding for m, found in embeddings.items()} | {
            f"{m}_mask": found.mask for m, found in embeddings.items()
        }
        return Scores(*self._sessions["fusion"].run(["emotion_logits", "sentiment_logits", "weights"], feed))
