"""The command line, one file for each verb. A verb imports what it needs when it runs, so that `streamer --help` waits for nothing."""

import errno
import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from streamer import __version__
from streamer.cli.annotate import annotate
from streamer.cli.bench import bench
from streamer.cli.config import config
from streamer.cli.demo import demo
from streamer.cli.devices import devices
from streamer.cli.doctor import doctor
from streamer.cli.keys import keys
from streamer.cli.listen import listen
from streamer.cli.models import models
from streamer.cli.run import run
from streamer.cli.watch import watch
from streamer.errors import StreamerError

USAGE = 2
"""Exit code where the command could not do its work as it was asked to."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich takes 0.2 s to draw a help page
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _streamer(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Live camera and microphone in, one emotion and sentiment event per spoken utterance out, on ZeroMQ."""


for _verb in (run, demo, listen, watch, annotate, bench, devices, doctor, keys):
    app.command()(_verb)
for _verbs in (models, config):
    app.add_typer(_verbs)


def main() -> None:
    """Run a verb; an error that a user can meet is one line, never a traceback."""
    _make_writable()
    logging.basicConfig(format="streamer: %(message)s", level=logging.WARNING)
    try:
        app()
    except StreamerError as err:
        typer.echo(f"streamer: {err}", err=True)
        sys.exit(USAGE)
    except OSError as err:
        if err.errno != errno.ENOSPC:
            if err.filename is None:
                raise
            # Also from a mere look whether something is there: its folder is closed to this user, its name too long.
            typer.echo(f"streamer: {err.filename}: {err.strerror}", err=True)
            sys.exit(USAGE)
        from streamer.dashboard.printing import swallow  # a full disk is seldom

        typer.echo(f"streamer: {err.filename or 'the output'}: cannot be written ({err.strerror})", err=True)
        swallow(sys.stdout)
        sys.exit(USAGE)


def _make_writable() -> None:
    """What was closed (`>&-`) swallows what is said; what knows few characters (LANG=C) gets `?` for the others."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="replace")
