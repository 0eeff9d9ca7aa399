"""`python -m exporters`: one verb each."""

import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="Write, check and look into bundles.", no_args_is_help=True, pretty_exceptions_enable=False)
_WIDE: Final = 160


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A folder that `python -m training train --out` wrote.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder; replaced as a whole at the very end.")],
    precision: Annotated[
        Literal["fp32", "fp16", "int8", "int4"], typer.Option(help="Of the graphs above 5 MB.")
    ] = "fp32",
) -> None:
    """Write a run's network as a bundle, or nothing where it differs from torch."""
    from exporters.export import export as write  # torch takes seconds to import; --help should not

    with Console(stderr=True).status(f"exporting {run}"):
        bundle = write(run, out, precision)
    _print_parity(bundle.manifest.parity)
    Console().print(f"{out}: {bundle.manifest.name} {bundle.manifest.version}, {precision}, {_size_mb(out):.1f} MB")


@app.command()
def verify(bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")]) -> None:
    """Check every file's hash, the graphs' inputs and outputs, and that the daemon's own API answers."""
    from exporters.inspection import verify as check

    check(bundle)
    Console().print(f"{bundle}: every file is the exported one, and it answers with every subset of modalities")


@app.command()
def inspect(bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")]) -> None:
    """Inputs, sizes, FLOPs and one-thread latency of each graph."""
    from exporters.inspection import inspect as look

    table = Table("graph", "inputs", "outputs", "MB", "parameters", "MFLOPs", "latency ms (median), input")
    for graph in look(bundle):
        table.add_row(
            graph.name,
            graph.inputs,
            graph.outputs,
            f"{graph.size_mb:.2f}",
            f"{graph.parameters:,}",
            f"{graph.flops / 1e6:,.1f}",
            graph.latency,
        )
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)  # in a file nothing need be cut


@app.command()
def install(
    bundle: Annotated[Path, typer.Argument(help="A verified bundle.")],
    out: Annotated[Path, typer.Option(help="Where it is to stand; replaced as a whole.")],
) -> None:
    """Verify a bundle and put a copy in its place, in one step."""
    from exporters.inspection import install as put

    put(bundle, out)
    Console().print(f"{out}: {_size_mb(out):.1f} MB")


def _print_parity(parity: dict[str, float]) -> None:
    table = Table("graph", "largest difference to torch")
    for graph, value in parity.items():
        table.add_row(graph, f"{value:.1e}")
    Console().print(table)


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6
