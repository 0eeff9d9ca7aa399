"""Two encoders side by side that are trained apart."""

from pathlib import Path

import pytest
import torch

from models.audio.cnn_whisper import CnnWhisper
from models.audio.mel_cnn import MelCnn
from models.audio.whisper import Whisper
from models.fusion.experts import Experts
from models.heads import Heads, averaged
from models.network import Encoding, NetworkConfig
from training.recipes.parts import SESSION_MEL
from training.stages.fusion import trained_encoder
from training.stages.unimodal import Workshop, unimodal

TINY = CnnWhisper(
    cnn=MelCnn(width=8, channels=(4, 4, 8, 8), temporal=16),
    whisper=Whisper(width=16, state=16, together=(2,), heads=2, intermediate=32),
    width=24,
)
NETWORK = NetworkConfig({"audio": Encoding(SESSION_MEL, TINY)}, Experts())
HEARD = torch.randn(3, 40, SESSION_MEL.n_mels), torch.ones(3, 40)


def test_its_embedding_is_those_of_its_parts_side_by_side() -> None:
    encoder = TINY.build(SESSION_MEL).eval()
    apart = [part(*HEARD).embedding for part in encoder.get_submodule("parts").children()]
    together = encoder(*HEARD)
    assert together.embedding.shape == (3, 1, 24)
    torch.testing.assert_close(together.embedding, torch.cat(apart, dim=-1))


def test_a_width_that_is_not_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="a width of 20, but its parts have 8 and 16"):
        CnnWhisper(cnn=TINY.cnn, whisper=TINY.whisper, width=20).build(SESSION_MEL)


def test_averaged_heads_answer_the_mean_of_what_each_says_weighted_by_its_share() -> None:
    one, other = Heads(5), Heads(7)
    vectors = torch.randn(4, 12)
    together = averaged({one: 0.25, other: 0.75})(vectors)
    apart = one(vectors[:, :5]), other(vectors[:, 5:])
    torch.testing.assert_close(together.emotion, 0.25 * apart[0].emotion + 0.75 * apart[1].emotion)
    torch.testing.assert_close(together.sentiment, 0.25 * apart[0].sentiment + 0.75 * apart[1].sentiment)


def test_parts_that_were_trained_apart_are_put_together_with_their_heads(tmp_path: Path) -> None:
    stages = {"cnn": "audio-speech", "whisper": "audio-whisper"}
    apart = {part: unimodal(NETWORK, "audio", part) for part in stages}
    for part, stage in stages.items():
        (tmp_path / stage).mkdir()
        torch.save(apart[part].state_dict(), tmp_path / stage / "best.pt")
    shop = Workshop(tmp_path, tmp_path, tmp_path)
    whole = trained_encoder(NETWORK, "audio", {"audio-speech": 0.4, "audio-whisper": 0.6}, shop).eval()
    said = [part.eval()(*HEARD).emotion for part in apart.values()]
    torch.testing.assert_close(whole(*HEARD).emotion, 0.4 * said[0] + 0.6 * said[1])
