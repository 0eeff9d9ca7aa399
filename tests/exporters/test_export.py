"""Nothing leaves the workshop that is not what torch computes."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from exporters.draft import draft_of
from exporters.errors import ExportError
from exporters.export import export
from exporters.flops import parameters
from exporters.graphs import INPUT_NAMES, write_graph
from exporters.inspection import inspect, install, verify
from exporters.parity import check, measure
from exporters.precision import Precision, shrink
from models.audio.mel_cnn import MelCnn
from models.checkpoint import TOKENIZER, Card, save, save_typical
from models.fusion.gated import Gated
from models.network import Encoding, Network, NetworkConfig
from models.text.bert import Bert
from models.video.face_cnn import FaceCnn
from streamer.bundle import read, shipped
from streamer.errors import BundleError
from streamer.features import FaceCropSpec, LogMelSpec, TextSpec
from tests.exporters.vocabulary import word_pieces

TINY = NetworkConfig(
    {
        "text": Encoding(TextSpec(), Bert(width=16, hidden=16, layers=1, heads=2, intermediate=32, vocabulary=100)),
        "audio": Encoding(LogMelSpec(), MelCnn(width=12, channels=(4, 4, 8, 8), temporal=16)),
        "video": Encoding(FaceCropSpec(), FaceCnn(width=8, channels=(4, 8))),
    },
    Gated(hidden=16),
)

WIDER_TEXT = Encoding(TextSpec(), Bert(width=16, hidden=128, layers=1, heads=2, intermediate=128, vocabulary=100))
"""Several blocks of four-bit weights wide."""
CARD = Card(name="made", version="1", recipe="made", size="tiny", choices={"text": "bert"})
_WHOLE: tuple[Precision, ...] = ("int8", "int4")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    save(folder, Network(TINY), CARD)
    word_pieces().save(str(folder / TOKENIZER))
    return folder


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "bundle"
    export(run, folder)
    return folder


def test_a_bundle_says_what_it_is_made_of_and_how_near_torch_it_is(bundle: Path) -> None:
    manifest = read(bundle).manifest
    assert manifest.recipe == "made/tiny text=bert"
    assert manifest.text is not None
    assert (manifest.text.name, manifest.text.spec, manifest.text.width) == ("bert", TextSpec(), 16)
    assert set(manifest.parity) == {"text", "audio", "video", "fusion"}
    assert all(value <= 1e-4 for value in manifest.parity.values())


def test_the_table_names_every_graph_with_its_flops_and_latency(bundle: Path) -> None:
    graphs = inspect(bundle)
    assert [graph.name for graph in graphs] == ["text", "audio", "video", "fusion"]
    assert all(graph.flops > graph.parameters / 10 and float(graph.latency.split(",")[0]) > 0 for graph in graphs)


def test_an_export_that_differs_from_torch_is_refused_by_name(run: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network(TINY).eval()
    for graph in ("text", "audio", "video", "fusion"):
        write_graph(network, graph, tmp_path / f"{graph}.onnx")
    path = tmp_path / "audio.onnx"
    model = onnx.load(str(path))
    weight = next(t for t in model.graph.initializer if t.name.endswith("projection.bias"))
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) + np.float32(0.01), weight.name))
    onnx.save(model, str(path))
    found = measure(network, tmp_path)
    with pytest.raises(ExportError, match=r"audio\.onnx differs from torch"):
        check(found)
    check({name: difference for name, difference in found.items() if name != "audio"})


def test_a_graph_that_gives_nan_is_refused() -> None:
    from exporters.parity import Difference

    with pytest.raises(ExportError):
        check({"text": Difference(float("nan"), "anywhere")})


def _feeding_convolutions(graph: Path) -> set[str]:
    """The operations whose output convolutions take."""
    nodes = onnx.load(str(graph)).graph.node
    makers = {name: node.op_type for node in nodes for name in node.output}
    return {makers.get(node.input[0], "input") for node in nodes if node.op_type == "Conv"}


def test_8_bits_keep_the_bundle_loadable_and_say_how_much_changed(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporters.precision._SMALL_BYTES", 10_000)
    shutil.copytree(run, tmp_path / "run")
    save_typical(tmp_path / "run", {"video": (torch.randn(40, 1, 1, 48, 48), torch.ones(40, 1))})
    manifest = export(tmp_path / "run", tmp_path / "small", "int8").manifest
    assert manifest.precision == "int8"
    assert 0 < manifest.parity["text-int8"] < 0.5
    assert _feeding_convolutions(tmp_path / "small" / "video.onnx") == {"DequantizeLinear"}
    assert "DequantizeLinear" not in _feeding_convolutions(tmp_path / "small" / "audio.onnx")
    # Sound and pictures do not overflow without VNNI, whether the run left typical inputs of them or not.
    largest = {graph: _largest_weight(tmp_path / "small" / f"{graph}.onnx") for graph in ("text", "audio", "video")}
    assert largest["text"] > 64 >= max(largest["audio"], largest["video"])


def test_4_bits_take_less_room_for_words_alone_and_say_about_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporters.precision._SMALL_BYTES", 10_000)
    torch.manual_seed(0)
    (tmp_path / "run").mkdir()
    save(tmp_path / "run", Network(NetworkConfig({**TINY.encodings, "text": WIDER_TEXT}, TINY.fusion)), CARD)
    word_pieces().save(str(tmp_path / "run" / TOKENIZER))
    int8, int4 = (export(tmp_path / "run", tmp_path / name, name) for name in _WHOLE)
    assert (int4.manifest.precision, int4.manifest.opset) == ("int4", 21)
    assert 0 < int4.manifest.parity["text-int4"] < 0.5
    assert int4.path("audio.onnx").read_bytes() == int8.path("audio.onnx").read_bytes()
    assert int4.path("text.onnx").stat().st_size < 0.7 * int8.path("text.onnx").stat().st_size
    assert parameters(int4.path("text.onnx")) > 0.9 * parameters(int8.path("text.onnx"))
    verify(tmp_path / "int4")


def test_what_4_bits_say_of_words_does_not_depend_on_what_else_is_in_their_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporters.precision._SMALL_BYTES", 10_000)
    torch.manual_seed(0)
    write_graph(Network(NetworkConfig({"text": WIDER_TEXT}, TINY.fusion)).eval(), "text", tmp_path / "text.onnx")
    shrink(tmp_path / "text.onnx", "int4", weight_bits=4)
    session = onnxruntime.InferenceSession(str(tmp_path / "text.onnx"))
    ids = np.random.default_rng(0).integers(1, 100, (3, 9))
    on = np.ones_like(ids)
    (together,) = session.run(["embedding"], {"input_ids": ids, "attention_mask": on, "token_type_ids": on})
    for row in range(3):
        one = ids[row : row + 1], on[:1], on[:1]
        (alone,) = session.run(["embedding"], dict(zip(INPUT_NAMES["text"], one, strict=True)))
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


def _largest_weight(graph: Path) -> int:
    """Of the 8-bit weights that something is multiplied with; tables that are looked up have all eight bits."""
    model = onnx.load(str(graph)).graph
    multiplied = {n.input[i] for n in model.node for i in (0, 1) if n.op_type in ("MatMulInteger", "DequantizeLinear")}
    weights = [
        numpy_helper.to_array(tensor)
        for tensor in model.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.name in multiplied
    ]
    return max(int(np.abs(values.astype(int)).max()) for values in weights)


def test_the_shipped_voices_and_faces_do_not_overflow_on_processors_without_vnni() -> None:
    for graph in ("audio", "video"):
        assert 32 < _largest_weight(shipped() / f"{graph}.onnx") <= 64


def test_convolutions_in_8_bits_compute_about_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporters.precision._SMALL_BYTES", 10_000)
    torch.manual_seed(0)
    exact, rough = tmp_path / "exact.onnx", tmp_path / "rough.onnx"
    write_graph(Network(TINY).eval(), "video", exact)
    shutil.copyfile(exact, rough)
    crops, mask = torch.randn(70, 1, 1, 48, 48).numpy(), np.ones((70, 1), np.float32)
    shrink(rough, "int8", {"crops": crops, "mask": mask})
    said, said_roughly = (
        onnxruntime.InferenceSession(str(graph)).run(["embedding"], {"crops": crops[:8], "mask": mask[:8]})[0]
        for graph in (exact, rough)
    )
    assert 0 < np.abs(said - said_roughly).max() < 0.05 * np.abs(said).max()


def test_typical_inputs_that_were_cut_off_are_named_with_the_mend(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    save_typical(tmp_path / "run", {"video": (torch.randn(40, 1, 1, 48, 48), torch.ones(40, 1))})
    kept = (tmp_path / "run" / "typical.pt").read_bytes()
    for damaged in (kept[:-1000], kept[:10], b""):
        (tmp_path / "run" / "typical.pt").write_bytes(damaged)
        with pytest.raises(BundleError, match=r"typical\.pt: damaged .*--resume"):
            export(tmp_path / "run", tmp_path / "out", "int8")
    assert not (tmp_path / "out").exists()


def test_a_run_without_a_finished_network_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="python -m training train"):
        export(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_draft_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    standing = tmp_path / "bundle"
    standing.mkdir()
    (standing / "manifest.json").write_text("{}")
    (standing / "kept").write_text("old")

    def fail() -> None:
        with draft_of(standing) as draft:
            (draft / "kept").write_text("new")
            raise ExportError("refused")

    with pytest.raises(ExportError):
        fail()
    assert (standing / "kept").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("place", [".", ".."], ids=["the run itself", "what holds it"])
def test_a_folder_that_is_no_bundle_is_not_replaced_by_one(run: Path, tmp_path: Path, place: str) -> None:
    copy = tmp_path / "runs" / "one"
    shutil.copytree(run, copy)
    with pytest.raises(ExportError, match=r"is there, and no bundle.*take another --out"):
        export(copy, copy / place)
    assert (copy / "network.pt").is_file()


def test_a_bundle_can_be_exported_again_to_where_it_stands_and_into_an_empty_folder(run: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    for _ in range(2):
        assert export(run, tmp_path / "bundle").manifest.opset == 17


def test_an_installed_bundle_answers_the_daemon(bundle: Path, tmp_path: Path) -> None:
    install(bundle, tmp_path / "place")
    assert read(tmp_path / "place").sha256 == read(bundle).sha256


def test_a_changed_byte_is_not_installed(bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bundle, broken)
    with (broken / "audio.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match=r"audio\.onnx is not the file that was exported"):
        install(broken, tmp_path / "place")
    assert not (tmp_path / "place").exists()
