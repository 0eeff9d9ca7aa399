"""`config.toml`: reading it, and finding the line on which a key stands."""

import re
import tomllib
from pathlib import Path
from typing import Any

from streamer.errors import ConfigError

_TABLE = re.compile(r"^\s*(\[\[?)\s*([\w\s.\"'-]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([\w.-]+)\s*=")


def read(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The tables of a file, and the line of each key by its dotted name.

    Raises:
        ConfigError: the file is absent, cannot be read or is no TOML; with line and column.
    """
    try:
        text = path.read_text("utf-8-sig")  # some editors put a mark before the text
        return tomllib.loads(text), lines(text)
    except FileNotFoundError as err:
        if path.is_symlink():
            raise ConfigError(f"{path}: is a link to {path.readlink()}, which is not there") from err
        raise ConfigError(
            f"{path}: no such file; the annotated config.toml of the repository is one to start from"
        ) from err
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {err.start})") from err
    except tomllib.TOMLDecodeError as err:
        raise ConfigError(f"{path}: is not TOML: {err}") from err


def lines(text: str) -> dict[str, int]:
    """Line numbers, from 1, of tables and keys: `segment.onset`, `source.0.url` (tables of an array are counted from 0).

    Good for messages only: it reads line by line, and does not look inside multi-line strings and inline tables.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            name = table[2]
            if table[1] == "[[":
                index = counts.get(name, 0)
                counts[name] = index + 1
                found.setdefault(name, number)
                name = f"{name}.{index}"
            found.setdefault(name, number)
            prefix = f"{name}."
        elif key := _KEY.match(line):
            found.setdefault(prefix + key[1], number)
    return found


def line_of(key: str, found: dict[str, int]) -> int | None:
    """The line of a key, or of the nearest table around it."""
    while key:
        if key in found:
            return found[key]
        key = key.rpartition(".")[0]
    return None
