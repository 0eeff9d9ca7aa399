"""An encoder in two parts, so that the first can be frozen and computed once."""

from torch import Tensor, nn

from models.graph import Encoded


class Backboned(nn.Module):
    """A pretrained backbone under a fresh head.

    A stage that freezes this encoder's modality freezes the backbone alone: the head goes on learning from what the backbone gives,
    which may then be computed once and kept.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        """Of its two parts.

        Args:
            backbone: The graph's inputs -> `Encoded`, of its own width.
            head: The backbone's embedding [batch, steps, its width] and mask [batch, steps] -> `Encoded`, of the encoder's width.
        """
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, *inputs: Tensor) -> Encoded:
        """The graph's inputs -> the encoder's embedding and mask."""
        features: Encoded = self.backbone(*inputs)
        encoded: Encoded = self.head(features.embedding, features.mask)
        return encoded


def split(encoder: nn.Module) -> tuple[nn.Module, nn.Module | None]:
    """What freezing this encoder freezes, and the head that goes on learning; none where it is frozen whole."""
    return (encoder.backbone, encoder.head) if isinstance(encoder, Backboned) else (encoder, None)
