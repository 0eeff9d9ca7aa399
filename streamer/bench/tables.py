"""A report as tables: for the terminal (Rich) and for `docs/performance.md` (Markdown), from the same rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streamer.bench.report import Latency, Report, Spread, Step, Throughput


class Table(NamedTuple):
    """Words only: the first column names, the others hold figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def tables(report: Report) -> Iterator[Table]:
    """Those of the parts that were measured."""
    machine = report.machine
    about = (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:.0f} GB, load {machine.load_1m} before; {machine.os}"
    )
    versions = (
        f"Python {machine.python}, onnxruntime {machine.onnxruntime}, streamer {machine.streamer} ({machine.commit})"
    )
    yield Table("Machine", ("", ""), [("machine", about), ("versions", versions), ("date", machine.date)])
    if startup := report.startup:
        yield Table(
            "Start-up",
            ("", "measured", "promised"),
            [
                ("`streamer --help`", f"{startup.help_s:.2f} s", "≤ 0.4 s"),
                ("cold start to the first captured block", f"{startup.first_block_s:.2f} s", "≤ 2.0 s"),
                ("resident memory, one source", f"{startup.resident_mb:.0f} MB", "≤ 600 MB"),
                ("… with the recogniser's process", f"{startup.resident_with_asr_mb:.0f} MB", "≤ 600 MB"),
            ],
        )
    if report.latency:
        yield from _latency(report.latency)
    if report.throughput:
        yield from _throughput(report.throughput)
    if archive := report.archive:
        yield Table(
            f"Archive: `streamer annotate`, {archive.asr or 'no ASR'}",
            ("", ""),
            [
                ("files", f"{archive.files} ({archive.seconds:.0f} s) in {archive.workers} processes"),
                ("took, start-up included", f"{archive.took_s:.1f} s"),
                ("times real time", f"{archive.times_real_time:.1f}"),
                ("times real time, of one core's time", f"{archive.cpu_times_real_time:.1f}"),
            ],
        )


def _latency(latency: Latency) -> Iterator[Table]:
    lost = ", ".join(f"{count} of {channel}" for channel, count in latency.dropped.items())
    heard = f"{latency.heard} of {latency.spoken} utterances, {latency.asr or 'no ASR'}; lost: {lost or 'nothing'}"
    promises: list[tuple[str, Spread | None, str]] = [
        ("endpoint decision → received", latency.endpoint_to_received_ms, "p50 ≤ 15, p95 ≤ 50"),
        ("true end of speech → received", latency.speech_end_to_received_ms, "p50 ≤ 450, p95 ≤ 550"),
        (_foretold(latency), latency.speech_end_to_provisional_ms, ""),
        ("begin of speech → first partial received", latency.first_partial_ms, "≤ 700"),
        ("between partials", latency.partial_gap_ms, "≤ 500"),
        ("age of the newest picture used, at the end of the utterance", latency.frame_age_ms, ""),
    ]
    rows = [(name, *_figures(found), promise) for name, found, promise in promises if found is not None]
    yield Table(f"Latency in ms: {heard}", ("", "p50", "p95", "p99", "promised"), rows)
    stages = [(name, *_figures(found)) for name, found in latency.stages_ms.items()]
    yield Table(
        "Where the time goes between the end of speech and the subscriber, in ms", ("", "p50", "p95", "p99"), stages
    )


def _foretold(latency: Latency) -> str:
    kept = "" if latency.provisional_kept is None else f", {latency.provisional_kept:.0%} with the emotion it then had"
    return f"true end of speech → received what it will be (`provisional`{kept})"


def _figures(found: Spread) -> tuple[str, str, str]:
    return f"{found.p50:.1f}", f"{found.p95:.1f}", f"{found.p99:.1f}"


def _throughput(throughput: Throughput) -> Iterator[Table]:
    yield Table(
        f"Sources at once, {throughput.window_s:.0f} s each, p95 from end of speech ≤ {throughput.limit_ms:.0f} ms, nothing lost",
        ("", "measured", "promised"),
        [
            ("A/V, without ASR", str(throughput.av_sources), "≥ 8"),
            ("A/V, with the embedded ASR", str(throughput.av_sources_with_asr), "≥ 4"),
            ("audio only", str(throughput.audio_sources), ""),
        ],
    )
    columns = ("sources", "kept", "utterances", "p95 ms", "behind s", "lost", "CPU % each", "memory MB")
    for name, steps in throughput.steps.items():
        yield Table(f"Steps: {name.replace('_', ' ')}", columns, [_step(step) for step in steps])
    cpu = sorted(throughput.stages_cpu_percent.items(), key=lambda one: -one[1])
    if cpu:
        rows = [(name, f"{percent:.1f}") for name, percent in cpu if percent >= 0.1]
        yield Table("One A/V source with ASR: % of one core by thread (`child`: the recogniser)", ("", "%"), rows)


def _step(step: Step) -> tuple[str, ...]:
    p95_ms = step.speech_end_to_received_p95_ms
    return (
        str(step.sources),
        "yes" if step.kept else "no",
        str(step.utterances) if step.due is None else f"{step.utterances} of {step.due}",
        "–" if p95_ms is None else f"{p95_ms:.0f}",
        "–" if step.late_s is None else f"{step.late_s:.2f}",
        str(step.audio_dropped),
        f"{step.cpu_percent:.1f}",
        f"{step.memory_mb:.0f}",
    )


def markdown(table: Table) -> str:
    """As GitHub draws it."""
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    return f"**{table.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
