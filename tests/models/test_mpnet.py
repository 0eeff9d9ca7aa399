"""The teacher of words is the published network, in BERT's numbering of the pieces."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from models.graph import Encoded
from models.text.mpnet import Mpnet, MpnetEncoder, bucket
from streamer.features import TextSpec

VOCABULARY = 120
TINY = Mpnet(width=8, hidden=16, layers=2, heads=2, intermediate=32, vocabulary=VOCABULARY, positions=96)


def _encoder(config: Mpnet = TINY) -> MpnetEncoder:
    torch.manual_seed(3)
    encoder = config.build(TextSpec()).eval()
    assert isinstance(encoder, MpnetEncoder)
    return encoder


def _published(folder: Path) -> tuple[torch.nn.Module, Path]:
    """Random weights in the shape that transformers publishes: four pieces before BERT's, one after, two positions before the first."""
    from transformers import MPNetConfig, MPNetModel

    sizes = MPNetConfig(
        vocab_size=VOCABULARY + 5,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=98,
        layer_norm_eps=1e-5,
    )
    torch.manual_seed(4)
    theirs = MPNetModel(sizes).eval()
    path = folder / "model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, path)
    return theirs, path


def test_mpnet_is_the_published_network_also_where_pieces_are_far_apart(tmp_path: Path) -> None:
    theirs, path = _published(tmp_path)
    ours = _encoder()
    ours.load_pretrained(path)
    words = torch.randint(103, VOCABULARY, (2, 92))
    ids = torch.cat([torch.full((2, 1), 101), words, torch.full((2, 1), 102), torch.zeros(2, 2, dtype=torch.long)], 1)
    mask = (ids != 0).long()
    as_they_count = torch.cat([torch.zeros(2, 1), words + 4, torch.full((2, 1), 2), torch.ones(2, 2)], 1).long()
    with torch.inference_mode():
        expected: Tensor = theirs(input_ids=as_they_count, attention_mask=mask).last_hidden_state
        found = ours.hidden(ids, mask, torch.zeros_like(ids))
    torch.testing.assert_close(found[:, :-2], expected[:, :-2], atol=1e-5, rtol=1e-4)


def test_words_give_the_same_alone_and_padded_in_a_batch() -> None:
    encoder = _encoder()
    ids, types = torch.randint(1, 100, (1, 9)), (torch.arange(9) > 4).long()[None]
    pad = torch.zeros(1, 5, dtype=torch.long)
    alone: Encoded = encoder(ids, torch.ones_like(ids), types)
    together: Encoded = encoder(
        torch.cat([ids, pad + 5], 1), torch.cat([torch.ones_like(ids), pad], 1), torch.cat([types, pad], 1)
    )
    torch.testing.assert_close(together.embedding, alone.embedding, atol=1e-5, rtol=1e-4)


def test_near_distances_are_told_apart_in_each_direction_and_far_ones_are_one() -> None:
    near = bucket(torch.arange(-7, 8), 32)
    assert len(set(near.tolist())) == 15
    assert bucket(torch.tensor([-128, -4_000]), 32).tolist() == [15, 15]
    assert bucket(torch.tensor([128, 4_000]), 32).tolist() == [31, 31]


def test_a_checkpoint_of_another_size_is_refused(tmp_path: Path) -> None:
    _, path = _published(tmp_path)
    with pytest.raises(ValueError, match="not a checkpoint of an MPNet of this size"):
        _encoder(Mpnet(width=8, hidden=8, layers=2, heads=2, vocabulary=VOCABULARY)).load_pretrained(path)
    save_file({"other": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"not a checkpoint of an MPNet of this size.*word_embeddings"):
        _encoder().load_pretrained(path)
