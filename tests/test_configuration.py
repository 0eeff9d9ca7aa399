import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from streamer import config_file, configuration
from streamer.configuration import Loaded, load
from streamer.errors import ConfigError
from streamer.languages import WHISPER_LANGUAGES
from streamer.publish.curve import make_keys, secure_server
from streamer.settings import Settings, SourceSettings

ROOT = Path(__file__).resolve().parents[1]
ANNOTATED = ROOT / "config.toml"
LAYERED_KEYS = {
    "segment.onset": st.floats(0.5, 1),
    "faces.max_faces": st.integers(1, 9),
    "asr.model": st.sampled_from(["tiny", "small", "base"]),
    "offline": st.booleans(),
}
"""One key of each type."""


def file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error(
    folder: Path,
    text: str | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(flags, None if text is None else file(folder, text), environment or {})
    return str(caught.value).replace(f"{folder}/", "")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_layer_every_value_is_the_default() -> None:
    loaded = load(environment={})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.origins.keys() == configuration.values(Settings()).keys()


def test_the_file_of_the_working_folder_is_read_without_being_named(tmp_path: Path) -> None:
    file(tmp_path, "\n[asr]\nengine = 'none'\n")
    loaded = load(environment={})
    assert loaded.settings.asr.engine == "none"
    assert loaded.origins["asr.engine"] == "config.toml:3"


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    config = file(tmp_path, "[asr]\nengine = 'none'\nmodel = 'tiny'\nlanguage = 'de'\n")
    environment = {"STREAMER_ASR__ENGINE": "auto", "STREAMER_ASR__MODEL": "small"}
    loaded = load({"asr.engine": "pocketsphinx"}, config, environment)
    asr = loaded.settings.asr
    assert (asr.engine, asr.model, asr.language, asr.min_confidence) == ("pocketsphinx", "small", "de", 0.5)
    assert loaded.origins["asr.engine"] == "flag --asr"
    assert loaded.origins["asr.model"] == "env STREAMER_ASR__MODEL"
    assert loaded.origins["asr.language"] == f"{config}:4"
    assert loaded.origins["asr.min_confidence"] == "default"


def values_of_some_keys() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=LAYERED_KEYS)


@given(flags=values_of_some_keys(), environment=values_of_some_keys(), in_file=values_of_some_keys())
def test_each_value_and_its_origin_come_from_the_highest_layer_that_gives_it(
    tmp_path_factory: pytest.TempPathFactory,
    flags: dict[str, Any],
    environment: dict[str, Any],
    in_file: dict[str, Any],
) -> None:
    nested: dict[str, Any] = {}
    for key, value in in_file.items():
        table, _, name = key.rpartition(".")
        (nested.setdefault(table, {}) if table else nested)[name] = value
    config = tmp_path_factory.getbasetemp() / "layers.toml"
    config.write_bytes(msgspec.toml.encode(nested))
    variables = {f"STREAMER_{key.upper().replace('.', '__')}": str(value) for key, value in environment.items()}

    loaded = load(flags, config, variables)

    found, defaults = configuration.values(loaded.settings), configuration.values(Settings())
    for key in LAYERED_KEYS:
        layers = [("flag", flags), ("env", environment), (str(config), in_file), ("default", defaults)]
        origin, highest = next((origin, layer) for origin, layer in layers if key in layer)
        assert found[key] == highest[key]
        assert loaded.origins[key].startswith(origin)


@st.composite
def any_settings(draw: st.DrawFn) -> Settings:
    names = draw(st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), unique=True, max_size=3))
    text = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)
    sources = []
    for name in names:
        camera, mic = draw(st.none() | st.integers(0, 9)), draw(st.none() | text)
        url = draw(text) if camera is None and mic is None else None
        sources.append(SourceSettings(name=name, url=url, camera=camera, mic=mic, max_fps=draw(st.floats(0.1, 240))))
    onset = draw(st.floats(0, 1))
    return Settings.model_validate(
        {
            "source": sources,
            "segment": {"onset": onset, "offset": draw(st.floats(0, onset))},
            "asr": {"model": draw(text), "language": draw(st.sampled_from(["auto", *sorted(WHISPER_LANGUAGES)]))},
            "publish": {"record": draw(st.none() | text.map(Path)), "high_water_mark": draw(st.integers(1, 10**6))},
            "offline": draw(st.booleans()),
        }
    )


def written(settings: Settings) -> dict[str, Any]:
    tables: dict[str, Any] = settings.model_dump(mode="json", exclude_none=True)
    return tables


@given(settings=any_settings())
def test_valid_settings_survive_being_written_as_a_file_as_flags_and_as_variables(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    config = tmp_path_factory.getbasetemp() / "round.toml"
    config.write_bytes(msgspec.toml.encode(written(settings)))
    assert load(config=config, environment={}).settings == settings

    flat = {key: value for key, value in configuration.values(settings).items() if not key.startswith("source")}
    sources = written(settings)["source"]
    assert load({**flat, "source": sources}, environment={}).settings == settings

    variables = {f"STREAMER_{key.upper().replace('.', '__')}": str(v) for key, v in flat.items() if v is not None}
    variables["STREAMER_SOURCE"] = msgspec.json.encode(sources).decode()
    assert load(environment=variables).settings == settings


def test_several_sources_stand_in_one_file_and_each_key_has_its_line(tmp_path: Path) -> None:
    config = file(tmp_path, '[[source]]\nname = "desk"\ncamera = 0\n\n[[source]]\nname = "door"\nurl = "a.mp4"\n')
    loaded = load(config=config, environment={})
    assert [source.name for source in loaded.settings.source] == ["desk", "door"]
    assert loaded.origins["source.0.camera"] == f"{config}:3"
    assert loaded.origins["source.1.url"] == f"{config}:7"
    assert loaded.origins["source.1.pace"] == "default"


def test_a_dozen_sources_keep_the_order_of_the_file(tmp_path: Path) -> None:
    names = [f"room-{number}" for number in range(12)]
    config = file(tmp_path, "".join(f'[[source]]\nname = "{name}"\ncamera = 0\n' for name in names))
    assert [source.name for source in load(config=config, environment={}).settings.source] == names


def test_a_wrong_source_of_a_dozen_is_told_by_its_own_line_alone(tmp_path: Path) -> None:
    tables = [f'[[source]]\nname = "room-{number}"\n' + "camera = 0\n" * (number != 1) for number in range(12)]
    assert error(tmp_path, "".join(tables)).endswith("`streamer devices` lists what is there (config.toml:5)")


def test_sources_of_a_higher_layer_replace_the_whole_list(tmp_path: Path) -> None:
    config = file(tmp_path, '[[source]]\nname = "desk"\ncamera = 0\n[[source]]\nname = "door"\nurl = "a.mp4"\n')
    loaded = load({"source": [{"url": "b.mp4"}]}, config, {})
    assert loaded.settings.source == (SourceSettings(url="b.mp4"),)
    assert loaded.origins["source.0.url"] == "flag --source"
    assert load({"source": []}, config, {}).settings.source == ()


def test_the_home_folder_may_be_written_as_a_tilde_in_every_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    written = (
        "[[source]]\nurl = '~/a.mp4'\nsubtitles = '~/a.srt'\n[publish]\nrecord = '~/a.jsonl'\nkeys = '~/keys/server'\n"
    )
    settings = load({"inference.bundle": Path("~/mine")}, file(tmp_path, written), {}).settings
    assert settings.source[0].url == "/home/ann/a.mp4"
    paths = (settings.source[0].subtitles, settings.publish.record, settings.publish.keys, settings.inference.bundle)
    assert [str(path) for path in paths] == [
        f"/home/ann/{name}" for name in ("a.srt", "a.jsonl", "keys/server", "mine")
    ]
    for url in ("rtsp://camera.lan/~ann", "~nobody-of-that-name/a.mp4"):
        assert SourceSettings(url=url).url == url


def test_a_flag_that_was_not_given_and_an_empty_variable_decide_nothing() -> None:
    loaded = load({"publish.bind": None}, environment={"STREAMER_PUBLISH__RECORD": ""})
    assert loaded == Loaded(Settings(), dict.fromkeys(configuration.values(Settings()), "default"))


def test_an_unknown_key_is_named_with_its_line_and_its_nearest_neighbour(tmp_path: Path) -> None:
    said = error(tmp_path, "[segment]\nonsett = 0.5\n")
    assert said.startswith(
        "segment.onsett: no such key (config.toml:2); did you mean onset? known here: onset, offset, "
    )


def test_an_unknown_key_is_an_error_in_every_layer(tmp_path: Path) -> None:
    variable = error(tmp_path, environment={"STREAMER_ASR__ENGIN": "none"})
    assert variable.startswith("asr.engin: no such key (env STREAMER_ASR__ENGIN); did you mean engine?")
    assert error(tmp_path, flags={"publish.bnd": "x"}).startswith("publish.bnd: no such key (flag); did you mean bind?")
    table = error(tmp_path, "[segmnt]\nonset = 0.5\n")
    assert table.startswith("segmnt: no such key (config.toml:1); did you mean segment?")
    in_source = error(tmp_path, "[[source]]\ncamera = 0\nmicro = 'x'\n")
    assert in_source.startswith("source.0.micro: no such key (config.toml:3); did you mean mic?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[segment]\nonset = 'hi'\n", "segment.onset: expected a number, got 'hi' (config.toml:2)"),
        (
            "[segment]\nmax_utterance_s = inf\n",
            "segment.max_utterance_s: expected a finite number, got inf (config.toml:2)",
        ),
        ("[faces]\nmax_faces = 1.5\n", "faces.max_faces: expected a whole number, got 1.5 (config.toml:2)"),
        ("offline = 'perhaps'\n", "offline: expected true or false, got 'perhaps' (config.toml:1)"),
        ("[asr]\nmodel = 3\n", "asr.model: expected text, got 3 (config.toml:2)"),
        ("[publish]\nrecord = 3\n", "publish.record: expected a path, got 3 (config.toml:2)"),
        (
            "[segment]\nonset = 2\n",
            "segment.onset: expected a number less than or equal to 1, got 2 (config.toml:2)",
        ),
        (
            "[publish]\nhigh_water_mark = 99999999999\n",
            "publish.high_water_mark: expected a number less than or equal to 1000000, got 99999999999 (config.toml:2)",
        ),
        (
            "[inference]\nthreads = 99999\n",
            "inference.threads: expected a number less than or equal to 256, got 99999 (config.toml:2)",
        ),
        (
            "[faces]\ndetector = 'yunett'\n",
            "faces.detector: expected 'auto', 'yunet', 'haar' or 'none', got 'yunett'; did you mean yunet? (config.toml:2)",
        ),
        ("[[source]]\ncamera = [1]\n", "source.0.camera: expected a whole number or text, got a list (config.toml:2)"),
        (
            "[asr]\nlanguage = 'en-US'\n",
            "asr.language: expected auto, or a code of Whisper such as en, de or zh, got 'en-US'; did you mean en? (config.toml:2)",
        ),
        (
            "[asr]\nlanguage = 'english'\n",
            "asr.language: expected auto, or a code of Whisper such as en, de or zh, got 'english' (config.toml:2)",
        ),
        ("segment = 3\n", "segment: expected a table [segment], got a number (config.toml:1)"),
        ("source = 3\n", "source: expected [[source]] tables, got a number (config.toml:1)"),
        ("[segment]\noffset = 0.9\n", "segment: offset 0.9 is above onset 0.4 (config.toml:2)"),
        (
            "[segment]\nonset = 'a'\noffset = 'b'\n",
            "segment.onset: expected a number, got 'a' (config.toml:2); and 1 more",
        ),
        (
            "[[source]]\nurl = 'a'\n[[source]]\nurl = 'b'\n",
            "source.1: live is the name of source.0 too; each source needs its own (config.toml:4)",
        ),
        (
            "[[source]]\nurl = 'a'\nname = 'a'\n[[source]]\nurl = 'b'\nname = 'a'\n",
            "source.1.name: a is the name of source.0 too; each source needs its own (config.toml:6)",
        ),
    ],
)
def test_a_wrong_value_is_told_by_key_expectation_and_place(tmp_path: Path, text: str, said: str) -> None:
    assert error(tmp_path, text) == said


def test_a_language_is_known_here_if_whisper_knows_it() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    assert set(tokenizer._LANGUAGE_CODES) == WHISPER_LANGUAGES


def test_a_source_without_an_input_says_how_to_find_one(tmp_path: Path) -> None:
    said = error(tmp_path, "[[source]]\nname = 'desk'\n")
    assert said == "source.0: has neither url, camera nor mic; `streamer devices` lists what is there (config.toml:2)"


@pytest.mark.parametrize("device", ["camera = 0", "mic = 'default'"])
def test_a_file_with_a_camera_or_a_microphone_beside_it_is_refused(tmp_path: Path, device: str) -> None:
    said = error(tmp_path, f"[[source]]\nurl = 'film.mp4'\n{device}\n")
    assert said.startswith("source.0: url excludes camera and mic")


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    said = error(tmp_path, environment={"STREAMER_SEGMENT__ONSET": "hi"})
    assert said == "segment.onset: expected a number, got 'hi' (env STREAMER_SEGMENT__ONSET)"
    broken = error(tmp_path, environment={"STREAMER_SOURCE": "[{"})
    assert broken == (
        "source: expected a list of tables in JSON: Expecting property name enclosed in double quotes, at character 3 "
        "(env STREAMER_SOURCE)"
    )


URL_OF_A_CAMERA = "rtsp://viewer:hunter2@camera.lan/1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[source]\nurl = '{URL_OF_A_CAMERA}'\n", "source: expected [[source]] tables, got a table (config.toml:1)"),
        (f"source = '{URL_OF_A_CAMERA}'\n", "source: expected [[source]] tables, got text (config.toml:1)"),
        (f"source = ['{URL_OF_A_CAMERA}']\n", "source: expected [[source]] tables, got a list (config.toml:1)"),
        (
            f"[[source]]\nurl = ['{URL_OF_A_CAMERA}']\n",
            "source.0.url: expected text, got a list (config.toml:2)",
        ),
        (f"publish = '{URL_OF_A_CAMERA}'\n", "publish: expected a table [publish], got text (config.toml:1)"),
    ],
)
def test_the_password_of_a_camera_is_not_printed_with_a_mistake(tmp_path: Path, text: str, said: str) -> None:
    assert error(tmp_path, text) == said


@pytest.mark.parametrize(
    "variable",
    [
        {"STREAMER_SOURCE": f'[{{"url": "{URL_OF_A_CAMERA}"}},]'},
        {"STREAMER_SOURCE": URL_OF_A_CAMERA},
        {"STREAMER_SOURCE": f'{{"url": "{URL_OF_A_CAMERA}"}}'},
        {"STREAMER_SOURCE__URL": URL_OF_A_CAMERA},
        {"STREAMER_PUBLISH": URL_OF_A_CAMERA},
    ],
)
def test_the_password_of_a_camera_is_not_printed_with_a_mistake_in_a_variable(
    tmp_path: Path, variable: dict[str, str]
) -> None:
    said = error(tmp_path, environment=variable)
    assert "hunter2" not in said
    assert f"(env {next(iter(variable))})" in said


def test_what_kubernetes_sets_for_a_service_called_streamer_is_passed_over() -> None:
    environment = {
        "STREAMER_SERVICE_HOST": "10.0.0.7",
        "STREAMER_SERVICE_PORT": "5599",
        "STREAMER_PORT": "tcp://10.0.0.7:5599",
        "STREAMER_PORT_5599_TCP_ADDR": "10.0.0.7",
        "STREAMER_ASR_SERVICE_HOST": "10.0.0.8",  # of one called streamer-asr
    }
    assert load(environment=environment).settings == Settings()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("STREAMER_ASR_ENGINE", "STREAMER_ASR__ENGINE"),
        ("STREAMER_PUBLISH_HIGH_WATER_MARK", "STREAMER_PUBLISH__HIGH_WATER_MARK"),
        ("STREAMER_SOURCE_URL", "STREAMER_SOURCE"),
        ("STREAMER_OFLINE", "STREAMER_OFFLINE"),
    ],
)
def test_a_variable_that_all_but_names_a_setting_is_told_the_name_that_was_meant(
    tmp_path: Path, variable: str, meant: str
) -> None:
    key = variable.removeprefix("STREAMER_").lower()
    said = error(tmp_path, environment={variable: "1"})
    assert said == f"{key}: no such key (env {variable}); did you mean {meant}?"


def test_broken_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    said = error(tmp_path, "offline = false\n[segment\n")
    assert said.startswith("config.toml: is not TOML:")
    assert "line 2, column 9" in said


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: no such file"):
        load(config=tmp_path / "absent.toml", environment={})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(config=tmp_path, environment={})
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin.toml: is not UTF-8 text \(byte 5\)"):
        load(config=tmp_path / "latin.toml", environment={})


def test_a_folder_or_a_link_to_nothing_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    assert error(tmp_path) == "config.toml: cannot be read: Is a directory"
    (tmp_path / "config.toml").rmdir()
    (tmp_path / "config.toml").symlink_to("elsewhere.toml")
    assert error(tmp_path) == "config.toml: is a link to elsewhere.toml, which is not there"


def test_a_file_that_begins_with_the_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    config = file(tmp_path, "\ufeffoffline = true\n")
    loaded = load(config=config, environment={})
    assert (loaded.settings.offline, loaded.origins["offline"]) == (True, f"{config}:1")


def test_the_annotated_file_of_the_repository_sets_nothing_but_defaults() -> None:
    assert load(config=ANNOTATED, environment={}).settings == Settings()


def test_the_annotated_file_of_the_repository_names_every_key() -> None:
    commented = re.sub(r"^# (?=\[|\w+ = )", "", ANNOTATED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    tables = tomllib.loads(commented)
    sections = {name: set(value) for name, value in tables.items() if isinstance(value, dict)}
    expected = {name: type(section).model_fields.keys() for name, section in Settings() if name in sections}
    assert tables.keys() == Settings.model_fields.keys()
    assert sections == expected
    assert set().union(*tables["source"]) == SourceSettings.model_fields.keys()
    Settings.model_validate(tables)


def test_the_annotated_file_names_the_folder_that_the_command_beside_it_makes_for_the_daemon(tmp_path: Path) -> None:
    (line,) = re.findall(r"^# (keys = .*)", ANNOTATED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (command,) = re.findall(r"`streamer keys (\S+)`", line)
    make_keys(Path(command), "ann")
    keys = load(config=file(tmp_path, f"[publish]\n{line}\n"), environment={}).settings.publish.keys
    assert keys is not None
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        secure_server(socket, keys)


def test_a_line_is_found_for_a_key_and_for_the_table_around_an_inline_one() -> None:
    found = config_file.lines("a = 1\n[t]\nb = { c = 2 }\n[[s]] # one\nx = 1\n[[s]]\nx = 2\n")
    assert [config_file.line_of(key, found) for key in ("a", "t.b", "t.b.c", "s.0.x", "s.1.x", "nowhere")] == [
        1,
        3,
        3,
        5,
        7,
        None,
    ]
