"""`streamer demo`: the packaged clip through the whole flow, in real time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.cli.run import play

if TYPE_CHECKING:
    from streamer.settings import Settings

CLIP = Path(__file__).parents[1] / "demo" / "clip.mp4"


def demo(
    bind: Annotated[str | None, typer.Option(help="ZeroMQ endpoint to publish at.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Print nothing but errors and the summary.")] = False,
) -> None:
    """Play the packaged clip; needs no camera, microphone or network."""
    raise typer.Exit(play(demo_settings(bind), headless=headless))


def demo_settings(bind: str | None = None) -> "Settings":
    """The user's own, with the packaged clip as the only source; a recording is for what the user's sources say."""
    from streamer.configuration import load

    flags = {"source": [{"name": "demo", "url": str(CLIP)}], "publish.bind": bind, "offline": True}
    settings = load(flags).settings
    return settings.model_copy(update={"publish": settings.publish.model_copy(update={"record": None})})
