"""`streamer keys`: who may read a stream over the network."""

from pathlib import Path
from typing import Annotated

import typer


def keys(
    folder: Annotated[Path, typer.Argument(help="Where the keys go; made if it is not there.")],
    reader: Annotated[str, typer.Option(help="Name of the reader that gets keys.")] = "reader",
) -> None:
    """Make CURVE keys: the daemon's, once, and one reader's. Call again with another --reader for each that may listen."""
    from streamer.publish.curve import SERVER, make_keys

    made = make_keys(folder, reader)
    typer.echo(f'daemon: publish.keys = "{folder / SERVER}" in config.toml; keep that folder on this machine')
    typer.echo(
        f"reader: copy {made} to its machine, then `streamer watch ENDPOINT --keys {reader}`; a daemon that runs lets it in"
    )
