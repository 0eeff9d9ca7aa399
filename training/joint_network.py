"""A whole network as the training loop wants it: a batch's inputs of every modality in, both logits out."""

from typing import cast

from torch import Tensor, nn

from models.backbone import split
from models.graph import Encoded, Fused
from models.heads import Logits
from models.network import Network
from streamer.labels import MODALITIES, Modality


class JointNetwork(nn.Module):
    """Encoders see only the samples that have their modality; for the others the fusion gets zeros under a mask of zeros."""

    def __init__(
        self, network: Network, frozen: frozenset[Modality], embedded: frozenset[Modality], inputs: dict[Modality, int]
    ) -> None:
        """Over a network.

        Args:
            network: Whose parts learn, all but the frozen.
            frozen: See `JointStage.frozen`.
            embedded: The frozen modalities whose inputs are already what their frozen part gives.
            inputs: How many tensors come for each modality.
        """
        super().__init__()
        self.network = network
        self._frozen, self._embedded, self._inputs = frozen, embedded, inputs
        for modality in frozen:
            split(network.encoders[modality])[0].requires_grad_(requires_grad=False)

    def train(self, mode: bool = True) -> "JointNetwork":
        """As torch's; what is frozen neither drops out nor takes note of what passes."""
        super().train(mode)
        for modality in self._frozen:
            split(self.network.encoders[modality])[0].eval()
        return self

    def forward(self, *inputs: Tensor) -> Logits:
        """For each modality that the network has, in the fixed order: its inputs, then [batch], 1 for the samples that have it."""
        fused = self.fused(*inputs)
        return Logits(fused.emotion_logits, fused.sentiment_logits)

    def fused(self, *inputs: Tensor) -> Fused:
        """The same, with the weights of the modalities."""
        encoded: dict[Modality, Encoded] = {}
        place = 0
        for modality in MODALITIES:
            if modality not in self._inputs:
                continue
            own = inputs[place : place + self._inputs[modality]]
            present = inputs[place + len(own)]
            place += len(own) + 1
            encoded[modality] = self._encode(modality, own, present)
        batch = len(present)
        absent = Encoded(present.new_zeros(batch, 1, 1), present.new_zeros(batch, 1))
        both = [encoded.get(m, absent) for m in MODALITIES]
        return self.network.fuse(*(e.embedding for e in both), *(e.mask for e in both))

    def _encode(self, modality: Modality, inputs: tuple[Tensor, ...], present: Tensor) -> Encoded:
        width = self.network.config.widths[modality]
        rows = present.nonzero().squeeze(1)
        if not len(rows):
            return Encoded(present.new_zeros(len(present), 1, width), present.new_zeros(len(present), 1))
        found = self._some(modality, inputs)
        embedding = found.embedding.new_zeros(len(present), found.embedding.shape[1], width)
        mask = found.mask.new_zeros(len(present), found.mask.shape[1])
        return Encoded(embedding.index_copy(0, rows, found.embedding), mask.index_copy(0, rows, found.mask))

    def _some(self, modality: Modality, inputs: tuple[Tensor, ...]) -> Encoded:
        """Of the samples that have it."""
        encoder = self.network.encoders[modality]
        if modality not in self._embedded:
            return cast("Encoded", encoder(*inputs))
        head = split(encoder)[1]
        return cast("Encoded", head(*inputs)) if head else Encoded(*inputs)
