"""A vision transformer (Dosovitskiy et al., 2021) on a few frames, a BiLSTM over them, and attention among them."""

from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from models.attention import MaskedAttention
from models.backbone import Backboned
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.published import read_weights, take
from models.recurrent import MaskedRecurrent
from models.video.pixels import IMAGENET, Colouring, face_spec
from streamer.features import FaceCropSpec
from streamer.labels import Modality


class VitBiLstm(EncoderConfig, frozen=True, kw_only=True):
    """The defaults are torchvision's `vit_b_16`, whose weights it can take; one embedding per frame, each knowing of the others."""

    modality: ClassVar[Modality] = "video"
    width: int = 128
    patch_px: int = 16
    layers: int = 12
    heads: int = 12
    hidden: int = 768
    mlp: int = 3072
    recurrent: int = 256
    attention_heads: int = 4
    dropout: float = 0.3

    def build(self, spec: FeatureSpec) -> nn.Module:
        """The encoder with fresh weights, for the spec's size of crops.

        Raises:
            ValueError: the crops' size is no multiple of the patches'.
        """
        faces = face_spec(spec, "vit-bilstm")
        if faces.size_px % self.patch_px:
            raise ValueError(
                f"vit-bilstm: crops of {faces.size_px} px cannot be cut into patches of {self.patch_px} px"
            )
        return Backboned(VitBackbone(self, faces), FrameAttention(self))


class VitBackbone(nn.Module):
    """Face crops in, the class token of each out."""

    def __init__(self, config: VitBiLstm, spec: FaceCropSpec) -> None:
        from torchvision.models import VisionTransformer  # takes a second to import, which the other parts need not pay

        super().__init__()
        self.colouring = Colouring(spec, IMAGENET)
        self.transformer = VisionTransformer(
            image_size=spec.size_px,
            patch_size=config.patch_px,
            num_layers=config.layers,
            num_heads=config.heads,
            hidden_dim=config.hidden,
            mlp_dim=config.mlp,
        )
        self.transformer.heads = nn.Identity()

    def forward(self, crops: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, channels, size, size] and [batch, frames] -> embedding [batch, frames, hidden]."""
        batch, frames = crops.shape[:2]
        tokens = self.transformer(self.colouring(crops.flatten(0, 1)))
        return Encoded(tokens.reshape(batch, frames, tokens.shape[1]) * mask.unsqueeze(-1), mask)

    def load_pretrained(self, weights: Path) -> None:
        """Take torchvision's checkpoint.

        Raises:
            ValueError: a weight is missing there, or has another shape.
        """
        take(self.transformer, read_weights(weights), weights)


class FrameAttention(nn.Module):
    """The frames in order, then each frame among all."""

    def __init__(self, config: VitBiLstm) -> None:
        super().__init__()
        self.recurrent = MaskedRecurrent("lstm", config.hidden, config.recurrent // 2, 1)
        self.attention = MaskedAttention(config.recurrent, config.attention_heads, dropout=config.dropout)
        self.norm = nn.LayerNorm(config.recurrent)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(config.recurrent, config.width)

    def forward(self, embedding: Tensor, mask: Tensor) -> Encoded:
        """[batch, frames, hidden] and [batch, frames] -> embedding [batch, frames, width]."""
        steps = self.recurrent(embedding, mask)
        joined = self.norm(steps + self.attention(steps, steps, mask).values)
        return Encoded(self.projection(self.dropout(joined)).relu() * mask.unsqueeze(-1), mask)

    def frame_weights(self, embedding: Tensor, mask: Tensor) -> Tensor:
        """The same inputs -> how much each frame was looked at, [batch, frames]; sums to 1 over those that are there."""
        steps = self.recurrent(embedding, mask)
        weights = self.attention(steps, steps, mask).weights * mask.unsqueeze(-1)
        share: Tensor = weights.sum(1) / mask.sum(1, keepdim=True).clamp(min=1.0)
        return share
