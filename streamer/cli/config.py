"""`streamer config show`: every setting, its value, and where that comes from."""

import re
from pathlib import Path
from typing import Annotated

import typer

from streamer.file_names import as_text

config = typer.Typer(name="config", no_args_is_help=True, help="Show the settings.")


@config.command()
def show(
    config: Annotated[Path | None, typer.Option(help="Another file than ./config.toml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Print every setting with its value and its origin: a flag of `run` would win over all of them."""
    import msgspec

    from streamer.configuration import load, values

    loaded = load(config=config)
    shown = {key: _text(key, value) for key, value in values(loaded.settings).items()}
    if as_json:
        table = {key: {"value": value, "origin": loaded.origins[key]} for key, value in shown.items()}
        typer.echo(msgspec.json.format(msgspec.json.encode(table)).decode())
        return
    keys = max(map(len, shown))
    cells = {key: msgspec.json.encode(value).decode() if value is not None else "-" for key, value in shown.items()}
    widest = max(map(len, cells.values()))
    for key, cell in cells.items():
        typer.echo(f"{key:<{keys}}  {cell:<{widest}}  {loaded.origins[key]}")


def _text(key: str, value: object) -> str | int | float | bool | list[object] | None:
    """As JSON has it; without what a stream's address holds of passwords."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return list(value)
    text = as_text(str(value))
    if not key.endswith((".url", ".camera")):
        return text
    without_user = re.sub(r"(?<=://)([^/@:]*):[^/]*@", r"\1:…@", text)
    return re.sub(r"(?<=[?&#])([^=&]+)=[^&]*", r"\1=…", without_user)  # some cameras take it there
