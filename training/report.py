"""Measuring a run or a bundle, and writing what was found into the manifest and the model card."""

from pathlib import Path

import msgspec
from rich.table import Table

from models import checkpoint
from streamer import bundle as bundles
from streamer.bundle import Metric
from streamer.calibration import Calibration
from streamer.features import VectorsSpec
from streamer.labels import EMOTIONS
from training.by_emotion import rows
from training.card import render
from training.change import Change, changes, table
from training.corpora.meld_rows import table_path
from training.evaluate import Bench
from training.evaluate_clips import evaluate_clips, has_clips
from training.made_lines import judge_lines
from training.progress import Progress
from training.runner import BundleRunner, Runner, TorchRunner
from training.samples import Split


def evaluate(
    target: Path, data: Path, cache: Path, split: Split, progress: Progress, *, pictures: Path | None = None
) -> tuple[Metric, ...]:
    """The figures of a run (in torch) or of a bundle (on ONNX Runtime), printed as a table.

    MELD with its clips, or its test split, is measured in MELD's terms (`evaluate_clips`); other folders corpus by corpus (`Bench`), and
    so are voices and faces for a test, where a folder has some.

    Raises:
        BundleError: the folder holds neither a finished run nor a bundle.
        TrainingError: the data is not there, or wrong.
    """
    runner, calibrations = open_runner(target)
    published = isinstance(runner.specs.get("audio"), VectorsSpec)
    bench = Bench(runner, calibrations, data, cache, split, progress)
    others = bench.official_test() if split == "test" and not published else ()
    if others and table_path(data, "test") is None:
        _print(others, progress)
        return others
    if split == "test" or has_clips(data) or published:
        pictures = pictures or Path("runs") / f"evaluate-{target.name}"
        found, notes = evaluate_clips(runner, calibrations, data, cache, split, pictures, progress)
        metrics = found + others
        _print(metrics, progress)
        for note in notes:
            progress.say(note)
        return metrics
    metrics = bench.run()
    _print(metrics, progress)
    return metrics


def compare(
    target: Path,
    beside: Path,
    data: Path,
    cache: Path,
    split: Split,
    progress: Progress,
    *,
    pictures: Path | None = None,
) -> list[Change]:
    """The figures of both, each printed, and how much they differ: what a precision costs on a data set."""
    before = evaluate(beside, data, cache, split, progress)
    after = evaluate(target, data, cache, split, progress, pictures=pictures)
    found = changes(before, after)
    progress.console.print(table(found, beside.name, target.name))
    return found


def open_runner(target: Path) -> tuple[Runner, dict[str, Calibration]]:
    """A run's network or a bundle's graphs, with their calibration.

    Raises:
        BundleError: the folder holds neither a finished run nor a bundle.
    """
    if (target / bundles.MANIFEST).is_file():
        bundle = bundles.read(target)
        return BundleRunner(bundle), bundle.manifest.calibration
    network, card = checkpoint.load(target)
    return TorchRunner(network), card.calibration


def report(folder: Path, data: Path, cache: Path, card: Path, progress: Progress) -> None:
    """Measure a bundle on dev, write the figures into its manifest, and the model card from the manifest."""
    bundles.read(folder)  # said now rather than after an hour of measuring
    card.parent.mkdir(parents=True, exist_ok=True)
    metrics = evaluate(folder, data, cache, "dev", progress)
    manifest = msgspec.structs.replace(bundles.read(folder).manifest, metrics=metrics)
    bundles.write_manifest(folder, manifest)
    bundle = bundles.read(folder)
    lines = judge_lines(BundleRunner(bundle), manifest.calibration, progress) if manifest.text else []
    card.write_text(render(bundle, lines), encoding="utf-8")


def _print(metrics: tuple[Metric, ...], progress: Progress) -> None:
    progress.console.print(_table(metrics))
    progress.console.print(_by_emotion(metrics))


def _table(metrics: tuple[Metric, ...]) -> Table:
    table = Table("data", "modalities", "figure", "value", "95 % interval", "n")
    for m in (m for m in metrics if not m.of):
        interval = "" if m.low is None or m.high is None else f"{m.low:.3f} to {m.high:.3f}"
        table.add_row(f"{m.data} ({m.split})", m.modalities, m.name, f"{m.value:.3f}", interval, str(m.n))
    return table


def _by_emotion(metrics: tuple[Metric, ...]) -> Table:
    table = Table("data", "modalities", "figure", *EMOTIONS)
    for row in rows(metrics):
        cells = (f"{m.value:.2f}" if (m := row.metrics.get(emotion)) else "-" for emotion in EMOTIONS)
        table.add_row(row.data, row.modalities, row.name, *cells)
    return table
