import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamer.cli import app
from streamer.cli.demo import CLIP, demo_settings
from streamer.cli.run import run
from streamer.configuration import FLAGS
from streamer.errors import DownloadError
from streamer.settings import Settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def stdout(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    return result.stdout


def test_every_flag_that_is_a_setting_is_a_flag_of_run() -> None:
    options = {f"--{name.replace('_', '-')}" for name in run.__annotations__}
    assert set(FLAGS.values()) <= options


def test_config_show_tells_value_and_origin_of_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("[asr]\nengine = 'none'\n", encoding="utf-8")
    monkeypatch.setenv("STREAMER_SEGMENT__ONSET", "0.6")
    shown = json.loads(stdout("config", "show", "--json"))
    assert shown["asr.engine"] == {"value": "none", "origin": "config.toml:2"}
    assert shown["segment.onset"] == {"value": 0.6, "origin": "env STREAMER_SEGMENT__ONSET"}
    assert shown["publish.record"] == {"value": None, "origin": "default"}
    table = stdout("config", "show").splitlines()
    assert len(table) == len(shown)
    assert next(line for line in table if line.startswith("asr.engine")).split() == [
        "asr.engine",
        '"none"',
        "config.toml:2",
    ]


def test_config_show_writes_out_what_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMER_ASR__MODEL", "\udcff")  # as Python has a variable of other bytes than UTF-8
    shown = json.loads(stdout("config", "show", "--json"))
    assert shown["asr.model"]["value"] == r"\udcff"


@pytest.mark.parametrize("key", ["url", "camera"])
def test_config_show_hides_the_password_of_a_stream(tmp_path: Path, key: str) -> None:
    url = "rtsp://me:secret@camera.lan/door?user=me&pwd=secret"
    (tmp_path / "config.toml").write_text(f"[[source]]\n{key} = '{url}'\n", encoding="utf-8")
    shown = stdout("config", "show")
    assert "secret" not in shown
    assert "rtsp://me:…@camera.lan/door?user=…&pwd=…" in shown


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("rtsp://me:sec@ret@camera.lan/door", "rtsp://me:…@camera.lan/door"),
        ("rtsp://me:ret@camera.lan", "rtsp://me:…@camera.lan"),
        ("rtsp://:sec@ret@camera.lan/a@b", "rtsp://:…@camera.lan/a@b"),
        ("http://camera.lan/live#token=ret", "http://camera.lan/live#token=…"),
        ("http://camera.lan/a@b/live", "http://camera.lan/a@b/live"),
    ],
)
def test_config_show_hides_all_of_a_password_whatever_is_in_it(url: str, written: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"[[source]]\nurl = '{url}'\n", encoding="utf-8")
    shown = json.loads(stdout("config", "show", "--json"))
    assert shown["source.0.url"]["value"] == written


def test_devices_are_listed_for_people_and_for_programs() -> None:
    found = json.loads(stdout("devices", "--json"))
    assert found.keys() == {"microphones", "cameras", "trouble"}
    assert "cameras (--camera INDEX)" in stdout("devices")


def test_models_list_tells_what_can_be_fetched_and_what_is_here() -> None:
    listed = {model["name"]: model for model in json.loads(stdout("models", "list", "--json"))}
    assert {"yunet", "tiny", "small"} <= listed.keys()
    assert listed["tiny"]["path"] is None
    assert "streamer models pull tiny" in stdout("models", "list")


def test_models_verify_names_a_missing_model_and_fails() -> None:
    assert "streamer models pull yunet" in stdout("models", "verify", "yunet", exit_code=1)
    assert stdout("models", "verify").startswith("no model is here")


@pytest.mark.data
def test_models_verify_tells_the_pinned_file_from_a_damaged_one(tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "cache" / "affect-streamer" / "models" / "yunet" / "face_detection_yunet_2026may.onnx"
    path.parent.mkdir(parents=True)
    pinned = (shared_data / "models" / "face_detection_yunet.onnx").read_bytes()
    path.write_bytes(pinned)
    assert "yunet: is the pinned one" in stdout("models", "verify")
    path.write_bytes(pinned[:-1] + b"\0")
    assert "is not the pinned file" in stdout("models", "verify", exit_code=1)


def test_models_pull_asks_nobody_where_the_settings_say_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMER_OFFLINE", "true")
    with pytest.raises(DownloadError, match="offline"):
        CliRunner().invoke(app, ["models", "pull", "tiny"], catch_exceptions=False)


def test_doctor_reports_every_network_and_its_provider() -> None:
    report = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    networks = {f["about"]: f["said"] for f in report["findings"] if f["about"].startswith("network ")}
    assert networks["network voice activity"] == "CPUExecutionProvider"
    assert report["versions"].keys() >= {"onnxruntime", "opencv-python-headless", "pyzmq"}


def test_the_demo_plays_a_clip_that_is_packaged() -> None:
    assert CLIP.is_file()
    assert Settings.model_validate({"source": [{"name": "demo", "url": str(CLIP)}]})


def test_the_demo_adds_nothing_to_the_recording_that_a_config_toml_names(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[publish]\nencoding = 'msgpack'\nrecord = 'events.jsonl'\n", encoding="utf-8"
    )
    settings = demo_settings()
    assert (settings.publish.encoding, settings.publish.record) == ("msgpack", None)
