import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from streamer import bundle as bundles
from streamer.errors import BundleError
from streamer.inference import load_bundle


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(bundles.shipped(), tmp_path / "bundle")


def edit(folder: Path, **changes: Any) -> Path:
    path = folder / bundles.MANIFEST
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | changes))
    return folder


def test_a_folder_may_be_given_as_a_string_and_as_where_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bundles.read(str(bundles.shipped())).sha256 == bundles.read().sha256
    monkeypatch.chdir(bundles.shipped())
    assert bundles.in_half_precision(bundles.read(Path())) is None


def test_the_shipped_bundle_is_whole_and_under_45_megabytes() -> None:
    bundle = bundles.read()
    assert sum(bundle.path(name).stat().st_size for name in bundle.manifest.files) < 45e6
    assert set(bundle.manifest.sha256) == set(bundle.manifest.files)
    assert bundle.manifest.corpora
    assert bundle.manifest.metrics
    assert all(bundle.manifest.parity[graph] < 1e-4 for graph in ("text", "audio", "video", "fusion"))


def test_one_changed_byte_is_refused_by_the_name_of_its_file(copied: Path) -> None:
    path = copied / "audio.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"audio\.onnx is not the file that was exported"):
        bundles.read(copied)


def test_a_missing_file_and_a_missing_folder_are_named(copied: Path) -> None:
    (copied / "tokenizer.json").unlink()
    with pytest.raises(BundleError, match=r"tokenizer\.json is missing"):
        bundles.read(copied)
    with pytest.raises(BundleError, match=r"no manifest\.json there"):
        bundles.read(copied / "elsewhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99, this version reads format 1"),
        ({"emotions": ["joy"]}, "its labels are"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"opset": "new"}, "Expected `int`"),
        ({"sha256": {}}, r"no sha256 of"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_its_field(
    copied: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        bundles.read(edit(copied, **changes))


@pytest.mark.parametrize(
    ("damaged", "message"),
    [(b"{", "Input data was truncated"), (b'{"format":1,"name":"\xff"}', ".*(utf|UTF)-8")],  # msgspec's words change
)
def test_a_manifest_that_is_no_json_is_one_line(copied: Path, damaged: bytes, message: str) -> None:
    (copied / bundles.MANIFEST).write_bytes(damaged)
    with pytest.raises(BundleError, match=rf"manifest\.json: {message}"):
        bundles.read(copied)


def test_a_feature_that_the_graphs_do_not_take_is_refused_by_its_field(copied: Path) -> None:
    manifest = json.loads((copied / bundles.MANIFEST).read_text())
    manifest["audio"]["spec"]["n_mels"] = 40
    with pytest.raises(BundleError, match=r"audio\.spec in the manifest means 40, but audio\.onnx takes 64"):
        load_bundle(edit(copied, audio=manifest["audio"]))


def test_a_graph_in_the_place_of_another_is_refused_by_its_input(copied: Path) -> None:
    shutil.copy(copied / "audio.onnx", copied / "video.onnx")
    manifest = json.loads((copied / bundles.MANIFEST).read_text())
    hashes = manifest["sha256"] | {"video.onnx": manifest["sha256"]["audio.onnx"]}
    with pytest.raises(BundleError, match=r"video\.onnx: input features is not known"):
        load_bundle(edit(copied, sha256=hashes))


def test_a_file_that_is_no_graph_is_one_line(copied: Path) -> None:
    (copied / "audio.onnx").write_bytes(b"not a graph")
    manifest = json.loads((copied / bundles.MANIFEST).read_text())
    hashes = manifest["sha256"] | {"audio.onnx": bundles.sha256(copied / "audio.onnx")}
    with pytest.raises(BundleError, match=r"audio\.onnx: onnxruntime cannot load it"):
        load_bundle(edit(copied, sha256=hashes))


def test_the_same_networks_in_half_precision_are_found_beside_a_bundle(copied: Path) -> None:
    bundle = bundles.read(copied)
    assert bundles.in_half_precision(bundle) is None
    half = shutil.copytree(copied, copied.with_name("bundle-fp16"))
    assert bundles.in_half_precision(bundle) is None, "its manifest does not say fp16"
    edit(half, precision="fp16")
    found = bundles.in_half_precision(bundle)
    assert found is not None
    assert found.folder == half
    edit(half, version="another")
    assert bundles.in_half_precision(bundle) is None
