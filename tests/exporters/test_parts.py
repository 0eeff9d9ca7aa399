"""Every part and every fusion passes the gate; every recipe's bundle answers the daemon's own interface."""

from itertools import chain, combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from exporters.export import export
from exporters.graphs import write_graph
from exporters.parity import TOLERANCE, measure
from models.checkpoint import TOKENIZER, Card, save
from models.fusion.decision import Decision
from models.network import Encoding, Network, NetworkConfig
from streamer import Model, load_bundle
from streamer.errors import BundleError
from streamer.features import VectorsSpec
from streamer.labels import MODALITIES, Modality
from tests.exporters.vocabulary import word_pieces
from training.recipes import find
from training.recipes.modular import Fusing
from training.recipes.parts import AUDIO, PARTS, TEXT, VIDEO, fusion
from training.recipes.recipe import Size

NEW = ("bert-r3d-cnn", "modular", "acoustic-rnn", "cross-modal")
SLOW = (pytest.mark.slow, pytest.mark.timeout(600))
ALL: list[tuple[Modality, str]] = [(m, name) for m, parts in PARTS.items() for name in parts]


def _bundle(network: Network, folder: Path) -> Path:
    run = folder / "run"
    run.mkdir()
    save(run, network, Card(name="made", version="1", recipe="made", size="tiny"))
    word_pieces().save(str(run / TOKENIZER))
    export(run, folder / "bundle")
    return folder / "bundle"


@pytest.mark.parametrize(
    ("part", "size"),
    [
        pytest.param(part, size, id="/".join((*part, size)), marks=SLOW if size == "full" else ())
        for size in get_args(Size)
        for part in ALL
    ],
)
def test_every_encoder_computes_in_onnx_what_it_computes_in_torch(
    part: tuple[Modality, str], size: Size, tmp_path: Path
) -> None:
    modality, name = part
    torch.manual_seed(0)
    network = Network(
        NetworkConfig({modality: PARTS[modality][name].at(size)}, fusion("gated", "early", "tiny"))
    ).eval()
    for graph in (modality, "fusion"):
        write_graph(network, graph, tmp_path / f"{graph}.onnx")
    assert {graph: found.value <= TOLERANCE for graph, found in measure(network, tmp_path).items()} == {
        modality: True,
        "fusion": True,
    }


@pytest.mark.parametrize("decision", get_args(Decision))
@pytest.mark.parametrize("name", get_args(Fusing))
def test_every_fusion_computes_in_onnx_what_it_computes_in_torch(
    name: str, decision: Decision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    encodings: dict[Modality, Encoding] = {
        "text": TEXT["bilstm"].tiny,
        "audio": AUDIO["conv1d"].tiny,
        "video": VIDEO["cnn3d"].tiny,
    }
    network = Network(NetworkConfig(encodings, fusion(name, decision, "tiny"))).eval()
    write_graph(network, "fusion", tmp_path / "fusion.onnx")
    monkeypatch.setattr("exporters.parity.graph_names", lambda _: ("fusion",))
    assert measure(network, tmp_path)["fusion"].value <= TOLERANCE


@pytest.mark.parametrize("name", NEW)
def test_every_recipe_is_exported_loaded_and_asked_with_every_subset(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network(find(name, "tiny").network)
    model = load_bundle(_bundle(network, tmp_path))
    has = frozenset(network.config.encodings)
    for subset in chain.from_iterable(combinations(MODALITIES, n) for n in range(4)):
        _assert_it_answers(model, frozenset(subset), has)


def test_silence_is_absent_for_a_network_that_masks_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(
        {"text": TEXT["bilstm"].tiny, "audio": AUDIO["wav2vec2"].tiny}, fusion("cross-modal", "early", "tiny")
    )
    model = load_bundle(_bundle(Network(config), tmp_path))
    assert model.manifest.audio is not None
    silence = model.encode_audio(model.manifest.audio.spec.extract(np.zeros(16_000, np.float32)))
    said = model.fuse({"text": model.encode_text("Hello."), "audio": silence}, {})
    assert (said.modalities["audio"].used, said.modalities["audio"].reason) == (
        False,
        "nothing in it that could be judged",
    )
    assert said.emotion == model.predict(text="Hello.").emotion


def test_a_network_that_hears_what_no_sound_gives_is_refused_by_the_field(tmp_path: Path) -> None:
    config = NetworkConfig(
        {"audio": Encoding(VectorsSpec(1611, "MELD's published features"), AUDIO["bilstm"].tiny.encoder)},
        fusion("concat", "early", "tiny"),
    )
    bundle = _bundle(Network(config), tmp_path)
    with pytest.raises(BundleError, match=r"audio\.spec.*1611"):
        load_bundle(bundle)


def _assert_it_answers(model: Model, subset: frozenset[Modality], has: frozenset[Modality]) -> None:
    rng = np.random.default_rng(0)
    given: dict[Modality, dict[str, Any]] = {
        "text": {"text": "I can't believe it!"},
        "audio": {"waveform": rng.normal(0, 0.1, 24_000).astype(np.float32)},
        "video": {"face_crops": rng.integers(0, 255, (5, 64, 64, 3), dtype=np.uint8)},
    }
    answer = model.predict(**{key: value for m in subset for key, value in given[m].items()})
    assert sum(answer.emotion.probs.values()) == pytest.approx(1, abs=1e-3)
    assert {m for m, field in answer.modalities.items() if field.used} == subset & has
    if subset & has:
        assert sum(field.weight for field in answer.modalities.values()) == pytest.approx(1, abs=1e-3)
    for m in MODALITIES:
        if m not in has:
            assert "has no" in (answer.modalities[m].reason or "")
