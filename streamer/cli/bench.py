"""`streamer bench`: how soon, how many, how fast, on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.errors import ConfigError

if TYPE_CHECKING:
    from streamer.bench import Recording


def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="[PART]...", help="startup, latency, throughput, archive [all]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the figures to this JSON file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the latency distribution into this SVG file.")] = None,
    source: Annotated[list[Path] | None, typer.Option(help="A recording instead of the packaged two.")] = None,
    rttm: Annotated[
        list[Path] | None, typer.Option(help="RTTM or STM file with its speech times. [beside the recording]")
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            help="`auto`, `faster-whisper`, `pocketsphinx` or `none`. [pocketsphinx; auto where it has no wheel]"
        ),
    ] = None,
    window: Annotated[
        float, typer.Option(min=3, max=15, help="Seconds for which each number of sources is watched.")
    ] = 10.0,
    files: Annotated[int, typer.Option(min=1, help="Files of the archive.")] = 8,
) -> None:
    """Measure latency, sources at once, archive speed and start-up of the real daemon, on recordings in real time."""
    from rich.console import Console
    from rich.table import Table

    from streamer.asr.sphinx import is_installed
    from streamer.bench import PARTS, Extent, measure
    from streamer.bench.histogram import histogram_svg
    from streamer.bench.tables import tables
    from streamer.bench.throughput import LIMIT_MS

    wanted = [part for part in PARTS if not parts or part in parts]
    if unknown := set(parts or ()) - set(PARTS):
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    asr = asr or ("pocketsphinx" if is_installed() else "auto")
    _refuse_unknown_engine(asr)
    for flag, path in (("--out", out), ("--picture", picture)):
        if path is not None:
            _refuse_unwritable(flag, path)
    console = Console(stderr=True)
    extent = Extent(_recordings(source or [], rttm or []), asr, window, files=files)
    with console.status("…") as status:
        report = measure(wanted, extent, status.update)
    for table in tables(report):
        drawn = Table(*table.columns, title=table.title, title_justify="left", show_header=any(table.columns))
        for row in table.rows:
            drawn.add_row(*row)
        Console().print(drawn)
    if out is not None:
        report.write(out)
    if picture is not None and report.latency is not None:
        picture.write_text(histogram_svg(report.latency, LIMIT_MS), encoding="utf-8")


def _refuse_unknown_engine(asr: str) -> None:
    """Asked here, since the daemon would name a file that nobody has written."""
    from pydantic import ValidationError

    from streamer.config_errors import explain
    from streamer.settings import Settings

    try:
        Settings.model_validate({"asr": {"engine": asr}})
    except ValidationError as err:
        raise ConfigError(explain(err.errors(include_url=False), {"asr.engine": "flag --asr"})) from err


def _refuse_unwritable(flag: str, path: Path) -> None:
    """Asked before minutes of measuring, not after."""
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as err:
        raise ConfigError(
            f"{flag} {path}: cannot be written ({err.strerror}); name a file in a folder where it can"
        ) from err


def _recordings(sources: list[Path], truths: list[Path]) -> "list[Recording]":
    """Each recording with its truth; the packaged ones where none is named: 27 utterances of five voices."""
    from streamer.bench import Recording
    from streamer.bench.truth import truth_beside
    from streamer.cli.demo import CLIP

    if truths and len(truths) != len(sources):
        raise typer.BadParameter("give --rttm as often as --source, in the same order, or not at all")
    paths = sources or [CLIP, CLIP.with_name("speech.mp4")]
    return [Recording(path, truth) for path, truth in zip(paths, truths or map(truth_beside, paths), strict=True)]
