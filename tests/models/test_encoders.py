"""Every encoder: what is padded is not looked at, and the published ones compute what others' code computes from the same weights."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.attention import MaskedAttention
from models.audio.acoustic_rnn import AcousticRnn, AcousticRnnEncoder, StepNorm
from models.audio.wav2vec2 import Wav2Vec2, Wav2Vec2Backbone
from models.graph import Encoded, FeatureSpec
from models.network import Encoding
from models.recurrent import MaskedRecurrent, newest
from models.text.bert_pooled import BertBackbone, BertPooled
from models.video.r3d18 import R3d18
from models.video.resnet18 import ResNet18
from models.video.vit_bilstm import FrameAttention, VitBiLstm
from streamer.features import FaceCropSpec, TextSpec, VectorsSpec, WaveformSpec
from training.recipes.parts import AUDIO, TEXT, VIDEO, Part

SEQUENCES = {name: part for kind in (AUDIO, VIDEO) for name, part in kind.items()}
PIXELS = FaceCropSpec(mean=0.0, std=1.0, channels=3)


def _encoder(encoding: Encoding) -> nn.Module:
    torch.manual_seed(5)
    return encoding.encoder.build(encoding.spec).eval()


def _random(spec: FeatureSpec, steps: int, draw: torch.Generator) -> Tensor:
    if isinstance(spec, FaceCropSpec):
        return torch.randn(1, steps, spec.channels, spec.size_px, spec.size_px, generator=draw)
    assert not isinstance(spec, TextSpec)
    return torch.randn(1, steps, spec.width, generator=draw)


def _lengths(spec: FeatureSpec) -> tuple[int, ...]:
    return (400, 1_000, 3_001) if isinstance(spec, WaveformSpec) else (1, 2, 5, 8)


@pytest.mark.parametrize("part", SEQUENCES.values(), ids=SEQUENCES)
def test_sound_or_sight_gives_the_same_alone_and_padded_with_noise_in_a_batch(part: Part) -> None:
    encoder, spec = _encoder(part.tiny), part.tiny.spec
    draw = torch.Generator().manual_seed(1)
    for steps in _lengths(spec):
        own = _random(spec, steps, draw)
        padded = torch.cat([own, _random(spec, steps + 7, draw)], dim=1)
        mask = (torch.arange(padded.shape[1]) < steps).float()[None]
        alone: Encoded = encoder(own, torch.ones(1, steps))
        together: Encoded = encoder(padded, mask)
        assert float(together.mask.sum()) == float(alone.mask.sum())
        torch.testing.assert_close(
            together.embedding[:, : alone.embedding.shape[1]], alone.embedding, atol=1e-5, rtol=1e-4
        )
        assert not together.embedding[:, alone.embedding.shape[1] :].any()


@pytest.mark.parametrize("name", TEXT)
def test_words_give_the_same_alone_and_padded_in_a_batch(name: str) -> None:
    encoder = _encoder(TEXT[name].tiny)
    ids, types = torch.randint(1, 100, (1, 9)), (torch.arange(9) > 4).long()[None]
    alone: Encoded = encoder(ids, torch.ones_like(ids), types)
    pad = torch.zeros(1, 5, dtype=torch.long)
    there = torch.cat([torch.ones_like(ids), pad], 1)
    together: Encoded = encoder(torch.cat([ids, pad + 5], 1), there, torch.cat([types, pad], 1))
    torch.testing.assert_close(together.embedding, alone.embedding, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", SEQUENCES.values(), ids=SEQUENCES)
def test_nothing_at_all_is_a_mask_of_zeros_and_not_nan(part: Part) -> None:
    encoder, spec = _encoder(part.tiny), part.tiny.spec
    steps = _lengths(spec)[-1]
    found: Encoded = encoder(_random(spec, steps, torch.Generator()) * 0, torch.zeros(1, steps))
    assert not found.mask.any()
    assert bool(found.embedding.isfinite().all())


@pytest.mark.parametrize("part", SEQUENCES.values(), ids=SEQUENCES)
def test_an_encoder_refuses_a_feature_that_it_cannot_read(part: Part) -> None:
    with pytest.raises(TypeError, match=r"reads .*, not"):
        part.tiny.encoder.build(TextSpec())


def test_crops_that_cannot_be_cut_into_patches_are_refused() -> None:
    with pytest.raises(ValueError, match="crops of 50 px cannot be cut into patches of 16 px"):
        VitBiLstm().build(FaceCropSpec(size_px=50, channels=3))


def test_what_sounds_like_silence_is_masked() -> None:
    spec = WaveformSpec()
    encoder = _encoder(AUDIO["wav2vec2"].tiny)
    noise = torch.randn(16_000, generator=torch.Generator().manual_seed(0)).numpy()
    for level_dbfs, there in ((-20, True), (-60, True), (-80, False), (-300, False)):
        heard = torch.from_numpy(spec.extract(noise * np.float32(10 ** (level_dbfs / 20))))[None]
        found: Encoded = encoder(heard, torch.ones(1, 16_000))
        assert bool(found.mask.any()) == there, level_dbfs


def test_in_half_precision_a_voice_of_more_than_four_seconds_is_heard() -> None:
    """No sum over samples: beyond 65,504 there is none in half precision."""
    encoder = _encoder(AUDIO["wav2vec2"].tiny)
    voice, mask = torch.randn(2, 70_000, 1, generator=torch.Generator().manual_seed(0)), torch.ones(2, 70_000)
    mask[1, 20_000:] = 0
    with torch.inference_mode():
        exact = encoder(voice, mask)
        half = encoder.half()(voice.half(), mask.half())
    assert torch.equal(half.mask.float(), exact.mask)
    torch.testing.assert_close(half.embedding.float(), exact.embedding, atol=0.01, rtol=0)


def test_the_newest_utterance_knows_those_before_it_and_is_the_last_of_every_step() -> None:
    encoder = _encoder(Encoding(VectorsSpec(1611, "made"), AcousticRnn(width=8, hidden=8)))
    assert isinstance(encoder, AcousticRnnEncoder)
    dialogue, mask = torch.randn(2, 4, 1611), torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])
    found = encoder(dialogue, mask)
    every = encoder.every_step(dialogue, mask)
    assert found.embedding.shape == (2, 1, 8)
    torch.testing.assert_close(found.embedding[:, 0], torch.stack([every.embedding[0, 3], every.embedding[1, 1]]))
    changed = dialogue.clone()
    changed[:, 0] += 1
    assert not torch.allclose(encoder(changed, mask).embedding, found.embedding)


def test_steps_are_normalised_over_those_that_are_there() -> None:
    norm = StepNorm(3).train()
    steps, mask = torch.randn(4, 5, 3) * 100 + 7, torch.ones(4, 5)
    mask[:, 3:] = 0
    steps[:, 3:] = 1e6
    normalised = norm(steps, mask)
    there = normalised[mask > 0]
    torch.testing.assert_close(there.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(there.std(0, unbiased=False), torch.ones(3), atol=1e-3, rtol=0)
    assert not normalised[mask == 0].any()
    assert bool(norm(steps[:1, :1], mask[:1, :1]).isfinite().all())


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_both_directions_are_torchs_own_over_packed_sequences(cell: str) -> None:
    ours = MaskedRecurrent("gru" if cell == "gru" else "lstm", 6, 4, 1)
    theirs = (nn.GRU if cell == "gru" else nn.LSTM)(6, 4, batch_first=True, bidirectional=True)
    for suffix, own in (("", ours.onwards[0]), ("_reverse", ours.backwards[0])):
        for name, value in own.named_parameters():
            getattr(theirs, name + suffix).data.copy_(value.data)
    steps, lengths = torch.randn(3, 7, 6), torch.tensor([7, 4, 1])
    packed = nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True)
    expected, _ = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    mask = (torch.arange(7)[None] < lengths[:, None]).float()
    torch.testing.assert_close(ours(steps, mask), expected)
    torch.testing.assert_close(newest(steps, mask)[1, 0], steps[1, 3])


def test_attention_is_torchs_own_and_gives_its_weights() -> None:
    ours, theirs = MaskedAttention(8, 2).eval(), nn.MultiheadAttention(8, 2, batch_first=True).eval()
    parts = (ours.query, ours.key, ours.value)
    theirs.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    theirs.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    queries, keys, mask = torch.randn(2, 3, 8), torch.randn(2, 5, 8), torch.tensor([[1.0, 1, 1, 1, 0], [1, 0, 0, 0, 0]])
    expected, weights = theirs(queries, keys, keys, key_padding_mask=mask == 0)
    found = ours(queries, keys, mask)
    torch.testing.assert_close(found.values, expected)
    torch.testing.assert_close(found.weights, weights)
    nothing = ours(queries, keys, torch.zeros(2, 5))
    assert not nothing.values.any()
    assert not nothing.weights.any()


def test_attention_whose_heads_do_not_share_its_width_is_refused() -> None:
    with pytest.raises(ValueError, match="a width of 10 cannot be shared by 4 heads"):
        MaskedAttention(10, 4)


def test_how_much_each_frame_was_looked_at_sums_to_one() -> None:
    head = FrameAttention(VitBiLstm(width=8, hidden=16, recurrent=8, attention_heads=2)).eval()
    mask = torch.tensor([[1.0, 1, 1, 0], [1, 0, 0, 0]])
    weights = head.frame_weights(torch.randn(2, 4, 16), mask)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert not weights[mask == 0].any()


def test_r3d18_is_torchvisions() -> None:
    from torchvision.models.video import r3d_18

    theirs = r3d_18().eval()
    encoder = R3d18().build(FaceCropSpec(size_px=32, channels=3, mean=0.4, std=0.2)).eval()
    backbone = encoder.get_submodule("backbone")
    backbone.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    theirs.fc = nn.Identity()
    pixels = torch.rand(1, 9, 3, 32, 32)
    published = (pixels - torch.tensor([0.43216, 0.394666, 0.37645])[:, None, None]) / torch.tensor(
        [0.22803, 0.22145, 0.216989]
    )[:, None, None]
    with torch.inference_mode():
        ours = backbone((pixels - 0.4) / 0.2, torch.ones(1, 9)).embedding[:, 0]
        torch.testing.assert_close(ours, theirs(published.transpose(1, 2)), atol=1e-4, rtol=1e-3)


def test_resnet18_is_torchvisions() -> None:
    from torchvision.models import resnet18

    theirs = resnet18().eval()
    backbone = ResNet18().build(PIXELS).eval().get_submodule("backbone")
    backbone.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    theirs.fc = nn.Identity()
    pixels = torch.rand(1, 2, 3, 64, 64)
    published = (pixels[0] - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    with torch.inference_mode():
        torch.testing.assert_close(
            backbone(pixels, torch.ones(1, 2)).embedding[0], theirs(published), atol=1e-4, rtol=1e-3
        )


def test_wav2vec2_is_the_published_network() -> None:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    sizes = Wav2Vec2(
        channels=8, hidden=16, layers=2, heads=2, intermediate=32, position_kernel=8, position_groups=2, dropout=0.0
    )
    config = Wav2Vec2Config(
        conv_dim=(8,) * 7,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    theirs = Wav2Vec2Model(config).eval()
    ours = Wav2Vec2Backbone(sizes).eval()
    _take_from(theirs, ours)
    samples = torch.randn(1, 5_000)
    with torch.inference_mode():
        expected = theirs(samples).last_hidden_state
        found = ours.steps(samples.unsqueeze(-1), torch.ones(1, 5_000))
    torch.testing.assert_close(found.embedding, expected, atol=1e-4, rtol=1e-3)


def test_bert_is_the_published_network_also_where_its_norms_have_their_old_names() -> None:
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    theirs = BertModel(config, add_pooling_layer=False).eval()
    ours = BertBackbone(BertPooled(hidden=16, layers=2, heads=2, intermediate=32, vocabulary=50)).eval()
    _take_from(theirs, ours, {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"})
    ids, types = torch.randint(0, 50, (2, 7)), torch.zeros(2, 7, dtype=torch.long)
    with torch.inference_mode():
        expected = theirs(input_ids=ids, token_type_ids=types).last_hidden_state[:, :1]
        torch.testing.assert_close(ours(ids, torch.ones_like(ids), types).embedding, expected, atol=1e-5, rtol=1e-4)


def _take_from(theirs: nn.Module, ours: nn.Module, renamed: dict[str, str] | None = None) -> None:
    """As from a published file."""
    import tempfile
    from pathlib import Path

    from safetensors.torch import save_file

    state = {}
    for name, tensor in theirs.state_dict().items():
        for new, old in (renamed or {}).items():
            name = name.replace(new, old)  # noqa: PLW2901
        state[name] = tensor.contiguous()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_file(state, path)
        ours.load_pretrained(path)  # type: ignore[operator]  # every backbone here has it


def test_a_checkpoint_of_another_size_is_refused_by_the_name_of_a_weight() -> None:
    with pytest.raises(
        ValueError, match=r"not a checkpoint of this size, for example .*weight is missing or of another"
    ):
        _take_from(nn.Linear(2, 2), R3d18(channels=(4, 4, 8, 8)).build(PIXELS).get_submodule("backbone"))


@pytest.mark.parametrize(
    ("modality", "name", "backbone_parameters", "embedding"),
    [
        # As published, without the parts that are left: BERT's pooler, the classifiers, wav2vec 2.0's masked step (and its weight
        # norm, which is folded).
        ("text", "bert", 109_482_240 - 590_592, (2, 1, 128)),
        ("text", "minilm", 22_713_216 - 147_840, (2, 1, 128)),
        ("audio", "wav2vec2", 94_371_712 - 768 - 128, (2, 5, 128)),
        ("video", "r3d18", 33_371_472 - 205_200, (2, 1, 128)),
        ("video", "resnet18", 11_689_512 - 513_000, (2, 16, 128)),
        ("video", "vit-bilstm", 86_567_656 - 769_000, (2, 8, 128)),
    ],
)
def test_the_full_sizes_are_the_published_ones(
    modality: str, name: str, backbone_parameters: int, embedding: tuple[int, ...]
) -> None:
    part = {"text": TEXT, "audio": AUDIO, "video": VIDEO}[modality][name].full
    with torch.device("meta"):  # shapes and counts, without the memory or the time
        encoder = part.encoder.build(part.spec).eval()
        assert sum(p.numel() for p in encoder.get_submodule("backbone").parameters()) == backbone_parameters
        if isinstance(part.spec, TextSpec):
            ids = torch.ones(2, 12, dtype=torch.long)
            found = encoder(ids, ids, ids)
        elif isinstance(part.spec, FaceCropSpec):
            frames, size = part.spec.exact_crops or 16, part.spec.size_px
            found = encoder(torch.ones(2, frames, 3, size, size), torch.ones(2, frames))
        else:
            found = encoder(torch.ones(2, 16_000, 1), torch.ones(2, 16_000))
    assert tuple(found.embedding.shape) == embedding
