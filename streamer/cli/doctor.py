"""`streamer doctor`: what works here, what does not, and the command that mends it."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from streamer.doctor import Facts, Finding

UNFIT = 1
"""Exit code where something that is needed does not work."""
COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}
ABOUT_WIDTH: Final = 24
LINE_WIDTH: Final = 120


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell what works here, and the command that mends what does not."""
    from streamer.doctor import examine, gather

    facts = gather()
    findings = examine(facts)
    if as_json:
        import msgspec

        report = {"findings": findings, "versions": facts.versions}
        typer.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        _print(facts, findings)
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(UNFIT)


def _print(facts: "Facts", findings: "list[Finding]") -> None:
    for finding in findings:
        status = typer.style(f"{finding.status:<4}", fg=COLOURS[finding.status], bold=True)
        lines = textwrap.wrap(finding.said, LINE_WIDTH - ABOUT_WIDTH - 6) or [""]
        typer.echo(f"{status}  {finding.about:<{ABOUT_WIDTH}}{lines[0]}")
        for line in lines[1:]:
            typer.echo(f"{'':<{ABOUT_WIDTH + 6}}{line}")
        if finding.mend:  # never wrapped, so that it can be copied
            typer.echo(f"{'':<{ABOUT_WIDTH + 6}}mend: {finding.mend}")
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    typer.echo("\n".join(textwrap.wrap(f"versions: {versions}", LINE_WIDTH)))
