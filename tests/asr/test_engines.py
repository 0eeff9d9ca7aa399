"""Which engine is taken, and what is said where it cannot be."""

import importlib.util
import os
import time
from pathlib import Path

import pytest

from streamer.asr import open_recogniser
from streamer.asr.engines import ENGINES, best_first, model_to_fetch
from streamer.errors import EngineError
from streamer.pinned_models import known_model
from streamer.settings import AsrSettings

CORES = len(os.sched_getaffinity(0))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any model of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for variable in ("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_auto_without_a_model_takes_what_is_embedded_and_says_what_would_be_better() -> None:
    recogniser, note = open_recogniser(AsrSettings())
    assert recogniser is not None
    assert recogniser.name == "pocketsphinx/en-us"
    assert note == f"no Whisper model is here; better: streamer models pull {best_first('cpu', CORES)[0]}"
    recogniser.close()


def test_auto_does_not_hold_up_the_start() -> None:
    begin = time.perf_counter()
    recogniser, _ = open_recogniser(AsrSettings())
    assert time.perf_counter() - begin < 0.5
    assert recogniser is not None
    recogniser.close()


def test_auto_takes_the_best_model_that_is_here(cache: Path) -> None:
    best, other = best_first("cpu", CORES)[:2]
    for name in (other, best):
        folder = cache / "affect-streamer" / "models" / name
        folder.mkdir(parents=True)
        for file in known_model(name).files:
            with (folder / file.name).open("wb") as sparse:
                sparse.truncate(file.size_bytes)
    recogniser, note = open_recogniser(AsrSettings())
    assert recogniser is not None
    assert recogniser.name == f"faster-whisper/{best}"
    assert note == f"best model that is here: {best}"
    recogniser.close()


def test_auto_where_pocketsphinx_has_no_wheel_names_the_whisper_to_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pocketsphinx" else find_spec(name))
    recogniser, note = open_recogniser(AsrSettings())
    assert recogniser is None
    assert note is not None
    assert note.startswith(
        f"no Whisper model is here (streamer models pull {best_first('cpu', CORES)[0]}), and pocketsphinx: "
    )
    assert "compiles it" in note


def test_auto_with_a_language_that_nothing_here_knows_has_no_engine_and_says_why() -> None:
    assert open_recogniser(AsrSettings(language="de"))[0] is None
    assert "knows English only" in (open_recogniser(AsrSettings(language="de"))[1] or "")


def test_a_model_that_knows_english_only_is_not_asked_for_another_language(cache: Path) -> None:
    folder = cache / "affect-streamer" / "models" / "tiny.en"
    folder.mkdir(parents=True)
    for file in known_model("tiny.en").files:
        with (folder / file.name).open("wb") as sparse:
            sparse.truncate(file.size_bytes)
    assert open_recogniser(AsrSettings(language="de"))[0] is None
    with pytest.raises(EngineError, match=r"asr\.model tiny\.en: knows English only .* 'de'; take tiny, or"):
        open_recogniser(AsrSettings(engine="faster-whisper", model="tiny.en", language="de"))
    recogniser, note = open_recogniser(AsrSettings())
    assert recogniser is not None
    assert note == "best model that is here: tiny.en"
    recogniser.close()


def test_none_is_none() -> None:
    assert open_recogniser(AsrSettings(engine="none")) == (None, "speech recognition is off (asr.engine = none)")


def test_a_folder_is_a_model(tiny_whisper: Path) -> None:
    recogniser, _ = open_recogniser(AsrSettings(engine="faster-whisper", model=str(tiny_whisper)))
    assert recogniser is not None
    assert recogniser.name == "faster-whisper/toy"
    recogniser.close()


def test_named_faster_whisper_without_a_network_fails_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    begin = time.monotonic()
    with pytest.raises(EngineError, match=r"asr\.engine faster-whisper: .*cannot be fetched"):
        open_recogniser(AsrSettings(engine="faster-whisper", model="base"))
    assert time.monotonic() - begin < 5.0


def test_named_faster_whisper_offline_fails_at_once_with_the_command() -> None:
    with pytest.raises(EngineError, match="offline forbids to fetch it; with a network: streamer models pull tiny"):
        open_recogniser(AsrSettings(engine="faster-whisper", model="tiny"), offline=True)


def test_an_unknown_model_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(EngineError, match=r"asr\.model smal: is no folder .* known: tiny\.en, tiny, base, small"):
        open_recogniser(AsrSettings(engine="faster-whisper", model="smal"))


def test_every_engine_of_the_settings_is_listed_and_every_preferred_model_is_known() -> None:
    choices = AsrSettings.model_fields["engine"].annotation.__args__  # type: ignore[union-attr]
    assert set(choices) - {"auto", "none"} == set(ENGINES)
    assert all(known_model(name) for device in ("cpu", "cuda") for name in best_first(device, 8))


@pytest.mark.parametrize(
    ("cores", "order"),
    [
        (2, ("tiny.en", "tiny", "base", "small")),
        (4, ("base", "tiny.en", "tiny", "small")),
        (8, ("small", "base", "tiny.en", "tiny")),
    ],
)
def test_the_fewer_cores_the_smaller_the_model_that_keeps_up_and_of_the_others_the_least_late(
    cores: int, order: tuple[str, ...]
) -> None:
    assert best_first("cpu", cores) == order


@pytest.mark.parametrize(("language", "fetched"), [("en", "tiny.en"), ("de", "tiny"), ("auto", "tiny")])
def test_the_model_that_is_fetched_knows_the_language(
    language: str, fetched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert model_to_fetch(AsrSettings(language=language), "cpu") == fetched
    assert model_to_fetch(AsrSettings(language=language, model="base"), "cpu") == "base"
