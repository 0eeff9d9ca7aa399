"""`streamer models`: the pinned models that are not in the wheel."""

from typing import Annotated

import typer

from streamer.cli.download_bar import download_bar

WRONG = 1
"""Exit code where a model is not the pinned one."""

models = typer.Typer(
    name="models", no_args_is_help=True, help="List, fetch and check models that are not in the package."
)


@models.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What can be fetched, and what is here."""
    from streamer.models_store import model_states

    states = model_states()
    if as_json:
        import msgspec

        table = [
            {
                "name": state.model.name,
                "purpose": state.model.purpose,
                "size_bytes": state.model.size_bytes,
                "licence": state.model.licence,
                "source": state.model.source,
                "path": None if state.path is None else str(state.path),
            }
            for state in states
        ]
        typer.echo(msgspec.json.format(msgspec.json.encode(table)).decode())
        return
    for state in states:
        model = state.model
        here = str(state.path) if state.path else f"streamer models pull {model.name}"
        size = f"{model.size_bytes / 1e6:.1f} MB"
        typer.echo(
            f"{'here' if state.path else '-':<5} {model.name:<15} {size:>10}  {model.licence:<5} {model.purpose}: {here}"
        )


@models.command()
def pull(
    names: Annotated[list[str], typer.Argument(help="As in `streamer models list`.")],
    offline: Annotated[bool, typer.Option("--offline", help="Only look whether it is here.")] = False,
) -> None:
    """Fetch models at their pinned revisions; what was fetched before a break is gone on with."""
    from streamer import models_store
    from streamer.configuration import load
    from streamer.pinned_models import known_model

    wanted = [known_model(name) for name in names]
    offline = offline or load().settings.offline
    for model in wanted:
        with download_bar() as draw:
            path = models_store.pull(model, offline=offline, on_progress=draw)
        typer.echo(f"{model.name}: {path}")


@models.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Without a name: every model that is here.")] = None,
) -> None:
    """Read every byte of what is here and compare it with what is pinned."""
    from streamer import models_store
    from streamer.pinned_models import known_model

    wanted = [known_model(n) for n in names or ()] or [s.model for s in models_store.model_states() if s.path]
    if not wanted:
        typer.echo("no model is here; `streamer models list` tells what can be fetched")
    problems = 0
    for model in wanted:
        verification = models_store.verify(model)
        problems += verification.problem is not None
        typer.echo(verification.problem or f"{model.name}: is the pinned one ({verification.path})")
    if problems:
        raise typer.Exit(WRONG)
