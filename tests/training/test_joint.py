"""Encoders and fusion trained together on clips: resumed as if never cut off, from the cache as from the clips."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import Card, load
from models.network import Network
from streamer.calibration import COMPATIBLE, Calibration, decide
from streamer.labels import MODALITIES
from tests.training.tiny_joint import LOOP, NETWORK, STAGE, recipe
from training import corpora
from training.array_cache import ArrayCache
from training.clip_scores import encode_clips, fuse_clips
from training.clip_store import store_of
from training.errors import TrainingError
from training.progress import Progress
from training.run import train_recipe
from training.runner import TorchRunner
from training.stages.joint import JointStage, read_clips, train_joint
from training.stages.unimodal import Workshop


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


CARD = Card(name="made", version="1", recipe="made", size="tiny")


def _train(
    data: Path, run: Path, cache: Path, stage: JointStage = STAGE, steps: int | None = 4, *, resume: bool = False
) -> dict[str, Tensor]:
    train_recipe(recipe(stage), data, run, cache, Progress(), max_steps=steps, resume=resume)
    return dict(torch.load(run / stage.name / "last.pt", weights_only=True)["network"])


def test_two_steps_and_two_more_are_four_steps(mini_meld: Path, tmp_path: Path, cache: Path) -> None:
    stage = msgspec.structs.replace(STAGE, modality_dropout=0.3)
    straight = _train(mini_meld, tmp_path / "straight", cache, stage)
    cut_off = _train(mini_meld, tmp_path / "resumed", cache, stage, 2)
    resumed = _train(mini_meld, tmp_path / "resumed", cache, stage, 4, resume=True)
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    assert any(not torch.equal(cut_off[name], resumed[name]) for name in straight)


def test_a_finished_run_is_a_network_with_a_calibration_of_every_subset(
    mini_meld: Path, tmp_path: Path, cache: Path
) -> None:
    _train(mini_meld, tmp_path, cache, steps=2)
    network, card = load(tmp_path)
    assert len(card.calibration) == 7
    assert card.corpora[0].name == "MELD"
    assert TorchRunner(network).widths == {"text": 8, "audio": 8, "video": 8}
    assert list((tmp_path / "joint").glob("events.out.tfevents.*"))


def test_training_from_the_cache_is_training_from_the_clips(mini_meld: Path, tmp_path: Path, cache: Path) -> None:
    stage = msgspec.structs.replace(STAGE, frozen=("text", "video"))
    shop = Workshop(mini_meld, tmp_path, cache)
    clips = read_clips(stage, NETWORK, shop, Progress())
    said = []
    for precompute in (True, False):
        run = msgspec.structs.replace(shop, run=tmp_path / str(precompute))
        train_joint(stage, NETWORK, CARD, run, Progress(), resume=False, max_steps=3, precompute=precompute)
        runner = TorchRunner(load(run.run)[0])
        encoded = encode_clips(runner, clips.calibration, clips.store, Progress())
        said.append(fuse_clips(runner, encoded, frozenset(MODALITIES), list(range(len(clips.calibration)))))
    np.testing.assert_allclose(said[0].emotion_logits, said[1].emotion_logits, atol=1e-3)
    assert np.abs(said[0].emotion_logits).max() > 0.05


def test_a_damaged_cache_entry_is_told_and_computed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = ArrayCache(tmp_path, Progress())
    first = cache.get("abcd", lambda: {"values": np.arange(1000, dtype=np.float32)})
    entry = tmp_path / "ab" / "abcd.npz"
    entry.write_bytes(entry.read_bytes()[:200])
    again = cache.get("abcd", lambda: {"values": np.arange(1000, dtype=np.float32)})
    assert np.array_equal(first["values"], again["values"])
    assert cache.computed == 2
    assert "damaged" in capsys.readouterr().out
    assert cache.get("abcd", dict)["values"].shape == (1000,)


def test_what_is_cached_is_not_computed_again(mini_meld: Path, tmp_path: Path) -> None:
    shop = Workshop(mini_meld, tmp_path, tmp_path)
    samples = corpora.read(("meld-clips",), mini_meld)[:4]
    for expected in (8, 0):
        store = store_of({m: e.spec for m, e in NETWORK.encodings.items()}, shop.cache, Progress())
        assert store.prepare(samples, workers=2) == []
        assert store.computed == expected


def test_what_is_frozen_stays_and_the_rest_moves(mini_meld: Path, tmp_path: Path, cache: Path) -> None:
    torch.manual_seed(LOOP.seed)
    before = Network(NETWORK).state_dict()
    after = _train(mini_meld, tmp_path, cache, msgspec.structs.replace(STAGE, frozen=("video",)), 2)
    video = {k for k in before if k.startswith("encoders.video.")}
    assert all(torch.equal(before[k], after[f"network.{k}"]) for k in video)
    assert not torch.equal(before["fusion.gate.weight"], after["network.fusion.gate.weight"])
    assert not torch.equal(before["encoders.audio.flatten.weight"], after["network.encoders.audio.flatten.weight"])


def test_a_part_without_a_rate_does_not_move(mini_meld: Path, tmp_path: Path, cache: Path) -> None:
    stage = msgspec.structs.replace(STAGE, rate_factors={"audio": 0.0})
    torch.manual_seed(LOOP.seed)
    before = Network(NETWORK).state_dict()
    after = _train(mini_meld, tmp_path, cache, stage, 2)
    assert torch.equal(before["encoders.audio.flatten.weight"], after["network.encoders.audio.flatten.weight"])
    assert not torch.equal(before["fusion.gate.weight"], after["network.fusion.gate.weight"])


def test_clips_that_cannot_be_decoded_keep_their_labels_and_are_named(
    mini_meld: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = mini_meld / "train" / "train_splits" / "dia1_utt1.mp4"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:500])
    try:
        clips = read_clips(STAGE, NETWORK, Workshop(mini_meld, mini_meld, cache), Progress())
    finally:
        broken.write_bytes(whole)
    said = " ".join(capsys.readouterr().out.split())
    assert "train_sent_emo.csv:6: dia1_utt1" in said
    assert "dia125_utt3 is known to be corrupt" in said
    assert len(clips.train) == 14
    assert len(clips.calibration) == 7


def test_a_folder_without_meld_is_an_error_that_says_what_is_looked_for(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(TrainingError, match=r"no train/train_sent_emo\.csv"):
        _train(tmp_path, tmp_path / "run", cache)


def test_emotion_and_sentiment_never_contradict() -> None:
    logits = torch.randn(500, 10, generator=torch.Generator().manual_seed(1)).numpy() * 5
    for decision in decide(logits[:, :7], logits[:, 7:], Calibration()):
        assert COMPATIBLE[decision.emotion, decision.sentiment] == 1
