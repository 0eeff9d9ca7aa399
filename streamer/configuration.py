"""Where settings come from: flags > environment (`STREAMER_ASR__ENGINE`) > `config.toml` > the defaults in `streamer/settings.py`.

Each layer is laid flat, `segment.onset` -> value and origin, and the higher layer wins key by key; so that a wrong value can be
named with its place, and `streamer config show` can tell where each came from. The list of sources is one value: the highest layer
that gives any gives all. pydantic-settings would read the same layers, but lets a misspelled variable pass and forgets the places.
"""

import difflib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from streamer import config_errors, config_file
from streamer.errors import ConfigError
from streamer.settings import Settings

PREFIX: Final = "STREAMER_"
DEFAULT_FILE: Final = Path("config.toml")
_NEAR: Final = 0.75
"""Of `difflib`: `OFLINE` is near `OFFLINE`, and nothing that Kubernetes sets is near a setting."""
DEFAULT: Final = "default"
FLAGS: Final = {
    "source.url": "--source",
    "source.camera": "--camera",
    "source.mic": "--mic",
    "source.channel": "--channel",
    "source.pace": "--pace",
    "source.subtitles": "--subtitles",
    "faces.detector": "--detector",
    "asr.engine": "--asr",
    "inference.bundle": "--bundle",
    "inference.provider": "--provider",
    "inference.require_gpu": "--require-gpu",
    "publish.bind": "--bind",
    "publish.record": "--record",
    "offline": "--offline",
}
"""The flags of `streamer run` that are settings."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Valid settings, and where each came from."""

    settings: Settings
    origins: dict[str, str]
    """By dotted key: `default`, `config.toml:12`, `env STREAMER_ASR__ENGINE`, `flag --bind`."""


class _Given(NamedTuple):
    """A value that some layer gives."""

    value: object
    origin: str


def load(
    flags: Mapping[str, object] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Fill the settings.

    Args:
        flags: by dotted key, `{"publish.bind": …, "source": [{"camera": 0}]}`; a None is a flag that was not given.
        config: the file; without one, `config.toml` in the working folder where there is one.
        environment: instead of the process's own.

    Raises:
        ConfigError: a key is unknown, a value is of a wrong type or out of range, or the file is no TOML.
    """
    layers = (
        _from_file(config),
        _from_environment(os.environ if environment is None else environment),
        _from_flags(flags or {}),
    )
    given: dict[str, _Given] = {}
    for layer in layers:
        if any(_is_source(key) for key in layer):
            given = {key: value for key, value in given.items() if not _is_source(key)}
        given |= layer
    try:
        settings = Settings.model_validate(_nest(given))
    except ValidationError as err:
        places = {key: value.origin for key, value in given.items()}
        raise ConfigError(config_errors.explain(err.errors(include_url=False), places)) from err
    origins = {key: given[key].origin if key in given else DEFAULT for key in values(settings)}
    return Loaded(settings, origins)


def values(settings: Settings) -> dict[str, object]:
    """Every setting by its dotted key, in the order of `streamer/settings.py`."""
    return dict(_leaves("", settings))


def _leaves(prefix: str, section: BaseModel) -> Iterator[tuple[str, object]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _leaves(f"{prefix}{name}.", value)
        elif isinstance(value, tuple) and value:
            for index, item in enumerate(value):
                yield from _leaves(f"{prefix}{name}.{index}.", item)
        else:
            yield prefix + name, value


def _is_source(key: str) -> bool:
    return key.partition(".")[0] == "source"


def _from_file(config: Path | None) -> dict[str, _Given]:
    if config is None:
        if not os.path.lexists(DEFAULT_FILE):  # a folder, or a link to nothing, is told
            return {}
        config = DEFAULT_FILE
    tables, lines = config_file.read(config)

    def origin(key: str) -> str:
        line = config_file.line_of(key, lines)
        return str(config) if line is None else f"{config}:{line}"

    return dict(_flatten(tables, Settings, "", origin))


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Given]:
    """Empty variables count as absent. The list of sources is JSON: `STREAMER_SOURCE='[{"camera": 0}]'`.

    A variable of one word, or with single underscores, may be another's: Kubernetes sets `STREAMER_PORT` and `STREAMER_SERVICE_HOST`
    beside a Service that is called streamer. It is passed over, unless it all but names a setting.
    """
    given: dict[str, _Given] = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or not text:
            continue
        table: Any = text
        *parents, leaf = name.removeprefix(PREFIX).lower().split("__")
        if not parents and leaf not in Settings.model_fields:
            if (meant := _meant(leaf)) is not None:
                raise ConfigError(f"{leaf}: no such key (env {name}); did you mean {meant}?")
            continue
        if not parents and leaf == "source":
            try:
                table = json.loads(text)
            except json.JSONDecodeError as err:
                wrong = f"{err.msg}, at character {err.pos + 1}"
                raise ConfigError(f"source: expected a list of tables in JSON: {wrong} (env {name})") from err
        table = {leaf: table}
        for parent in reversed(parents):
            table = {parent: table}
        given |= _flatten(table, Settings, "", _always(f"env {name}"))
    return given


def _meant(name: str) -> str | None:
    """The variable that was meant: `asr_engine` -> `STREAMER_ASR__ENGINE`, `ofline` -> `STREAMER_OFFLINE`. None: no setting is near."""
    section, _, key = name.partition("_")
    field = Settings.model_fields.get(section)
    inner, many = (None, False) if field is None else _section_in(field)
    if inner is not None and key in inner.model_fields:
        return PREFIX + (section if many else f"{section}__{key}").upper()
    near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=_NEAR)
    return PREFIX + near[0].upper() if near else None


def _always(origin: str) -> Callable[[str], str]:
    return lambda _: origin


def _from_flags(flags: Mapping[str, object]) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for key, value in flags.items():
        if value is None:
            continue
        table: Any = value
        for name in reversed(key.split(".")):
            table = {name: table}
        given |= _flatten(table, Settings, "", _flag)
    return given


def _flag(key: str) -> str:
    """`source.0.url` -> `flag --source`."""
    plain = ".".join(part for part in key.split(".") if not part.isdigit())
    return f"flag {FLAGS[plain]}" if plain in FLAGS else "flag"


def _flatten(
    table: Mapping[str, Any], section: type[BaseModel], prefix: str, origin: Callable[[str], str]
) -> Iterator[tuple[str, _Given]]:
    """Lay nested tables flat; a key that no setting has, or a value where a table belongs, is an error."""
    for name, value in table.items():
        key = prefix + name
        field = section.model_fields.get(name)
        if field is None:
            raise ConfigError(config_errors.unknown(key, section.model_fields, origin(key)))
        inner, many = _section_in(field)
        if inner is None:
            yield key, _Given(value, origin(key))
        elif many:
            if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
                raise ConfigError(f"{key}: expected [[{key}]] tables, got {config_errors.kind(value)} ({origin(key)})")
            for index, item in enumerate(value):
                yield from _flatten(item, inner, f"{key}.{index}.", origin)
            if not value:
                yield key, _Given((), origin(key))
        elif isinstance(value, Mapping):
            yield from _flatten(value, inner, f"{key}.", origin)
        else:
            raise ConfigError(f"{key}: expected a table [{key}], got {config_errors.kind(value)} ({origin(key)})")


def _section_in(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """The table that a field holds, if it holds one, and whether it holds several."""
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            return argument, True
    return None, False


def _nest(given: Mapping[str, _Given]) -> dict[str, Any]:
    """The opposite of `_flatten`."""
    nested: dict[str, Any] = {}
    for key, (value, _) in given.items():
        *parents, leaf = key.split(".")
        table = nested
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = value
    if isinstance(sources := nested.get("source"), dict):
        nested["source"] = [sources[index] for index in sorted(sources, key=int)]
    return nested
