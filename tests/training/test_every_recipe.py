"""Every recipe at its smallest size: trained, cut off, resumed, exported, and run by the daemon on a clip."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import torch
from torch import Tensor, nn

import streamer
from exporters.export import export
from models import REGISTRY
from models.graph import Encoded, EncoderConfig, FeatureSpec
from models.network import Encoding
from streamer import load_bundle
from streamer.features import FunctionalsSpec, LogMelSpec
from streamer.labels import EMOTIONS, Modality
from training.progress import Progress
from training.recipes import find
from training.recipes.recipe import Recipe
from training.run import train_recipe

CLIP = Path(streamer.__file__).parent / "demo" / "clip.mp4"
NEW = (
    pytest.param("bert-r3d-cnn", marks=pytest.mark.slow),
    "modular",
    "acoustic-rnn",
    pytest.param("cross-modal", marks=pytest.mark.slow),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def _train(
    recipe: Recipe, data: Path, run: Path, cache: Path, steps: int, *, resume: bool = False
) -> dict[str, Tensor]:
    train_recipe(recipe, data, run, cache, Progress(), epochs=4, max_steps=steps, resume=resume)
    return dict(torch.load(run / recipe.stages[-1].name / "last.pt", weights_only=True)["network"])


def _play(bundle: Path, folder: Path) -> list[dict[str, Any]]:
    """The utterances that the daemon makes of the packaged clip, whose words come from a file."""
    words = folder / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:01:00,000\nI can't believe it!\n", encoding="utf-8")
    record = folder / "events.jsonl"
    command = [
        sys.executable,
        "-m",
        "streamer",
        "run",
        "--source",
        str(CLIP),
        "--pace",
        "fast",
        "--bundle",
        str(bundle),
    ]
    command += ["--subtitles", str(words), "--headless", "--offline", "--record", str(record)]
    command += ["--bind", "tcp://127.0.0.1:*"]
    own = {key: value for key, value in os.environ.items() if not key.startswith("STREAMER_")}
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in record.read_text().splitlines()]
    return [event for event in events if event["type"] == "utterance"]


@pytest.mark.parametrize("name", NEW)
def test_a_recipe_trains_resumes_exports_and_runs_in_the_daemon(
    name: str, mini_meld: Path, cache: Path, tmp_path: Path
) -> None:
    recipe = find(name, "tiny")
    cut_off = _train(recipe, mini_meld, tmp_path / "run", cache, 2)
    resumed = _train(recipe, mini_meld, tmp_path / "run", cache, 4, resume=True)
    assert any(not torch.equal(cut_off[key], resumed[key]) for key in cut_off)

    export(tmp_path / "run", tmp_path / "bundle")
    said = _play(tmp_path / "bundle", tmp_path)
    assert len(said) >= 5
    has = set(recipe.network.encodings)
    for utterance in said:
        assert utterance["bundle"]["name"] == name
        assert utterance["emotion"]["label"] in EMOTIONS
        used = {m for m, field in utterance["modalities"].items() if field["used"]}
        assert used <= has
        assert "audio" in used
    assert any({m for m, field in u["modalities"].items() if field["used"]} == has for u in said)


class Loudness(EncoderConfig, frozen=True, kw_only=True):
    """A new encoder: all that is needed of it is here."""

    modality: ClassVar[Modality] = "audio"
    width: int = 6

    def build(self, spec: FeatureSpec) -> nn.Module:
        assert isinstance(spec, LogMelSpec)
        return LoudnessEncoder(spec.n_mels, self.width)


class LoudnessEncoder(nn.Module):
    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(bands, width)

    def forward(self, features: Tensor, mask: Tensor) -> Encoded:
        return Encoded(self.projection(features) * mask.unsqueeze(-1), mask)


def test_a_new_encoder_is_one_class_and_one_registry_line_and_trains_exports_and_runs(
    mini_meld: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY, "loudness", Loudness)
    recipe = find("modular", "tiny", {"text": "none", "video": "none"})
    network = msgspec.structs.replace(recipe.network, encodings={"audio": Encoding(LogMelSpec(), Loudness())})
    recipe = msgspec.structs.replace(recipe, network=network)
    _train(recipe, mini_meld, tmp_path / "run", cache, 2)
    export(tmp_path / "run", tmp_path / "bundle")
    manifest = load_bundle(tmp_path / "bundle").manifest
    assert manifest.audio is not None
    assert manifest.audio.name == "loudness"
    assert all(u["modalities"]["audio"]["used"] for u in _play(tmp_path / "bundle", tmp_path))


@pytest.mark.slow
def test_the_daemon_gives_a_network_of_dialogues_the_utterances_before(
    mini_meld: Path, cache: Path, tmp_path: Path
) -> None:
    """The same weights without the history say something else from the second utterance on."""
    recipe = find("acoustic-rnn", "tiny")
    _train(recipe, mini_meld, tmp_path / "run", cache, 2)
    probs = []
    for history in (0, 4):
        found = torch.load(tmp_path / "run" / "network.pt", weights_only=True)
        found["network"]["encodings"]["audio"]["spec"] = msgspec.to_builtins(
            FunctionalsSpec(history_utterances=history)
        )
        torch.save(found, tmp_path / "run" / "network.pt")
        export(tmp_path / "run", tmp_path / f"bundle{history}")
        folder = tmp_path / f"play{history}"
        folder.mkdir()
        probs.append([u["emotion"]["probs"] for u in _play(tmp_path / f"bundle{history}", folder)])
    assert probs[0][0] == probs[1][0]
    assert probs[0][1:] != probs[1][1:]
