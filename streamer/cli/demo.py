"""`streamer demo`: the packaged clip through the whole flow, in real time."""

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.run import play

CLIP = Path(__file__).parents[1] / "demo" / "clip.mp4"


def demo(
    bind: Annotated[str | None, typer.Option(help="ZeroMQ endpoint to publish at.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Print nothing but errors and the summary.")] = False,
) -> None:
    """Play the packaged clip; needs no camera, microphone or network."""
    from streamer.configuration import load

    flags = {"source": [{"name": "demo", "url": str(CLIP)}], "publish.bind": bind, "offline": True}
    raise typer.Exit(play(load(flags).settings, headless=headless))
