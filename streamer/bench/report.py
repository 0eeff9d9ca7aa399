"""What a bench finds, as it is written to JSON and printed in tables. `None` stands for a part that was not run."""

from pathlib import Path

import msgspec


class Spread(msgspec.Struct, kw_only=True):
    """Percentiles by the nearest rank."""

    p50: float
    p95: float
    p99: float
    n: int
    """Values behind them."""


class Machine(msgspec.Struct, kw_only=True):
    """Where it was measured."""

    cpu: str
    cores: int
    memory_gb: float
    load_1m: float
    """When the bench began: of other work, if above 0.5."""
    os: str
    python: str
    onnxruntime: str
    streamer: str
    commit: str | None
    """Of the checkout; null where it runs from a wheel."""
    date: str
    """UTC."""


class Startup(msgspec.Struct, kw_only=True):
    """From nothing to the first sound."""

    help_s: float
    """`streamer --help`, the fastest of three."""
    first_block_s: float
    """From the start of the process to the capture of the first block, the fastest of three."""
    resident_mb: float
    """Of the daemon with one source, after the clip was played."""
    resident_with_asr_mb: float
    """The same, with the processes of the embedded recogniser."""


class Latency(msgspec.Struct, kw_only=True):
    """Of the utterances of recordings, played in real time to a subscriber in another process."""

    recordings: list[str]
    asr: str | None
    """Engine."""
    spoken: int
    """Utterances that the recordings hold."""
    heard: int
    """Of them, those whose end was found; only these count below."""
    endpoint_to_received_ms: Spread
    """From the capture of the block that decided that it is over, until the subscriber had the event."""
    speech_end_to_received_ms: Spread
    """From the true end of the voice."""
    stages_ms: dict[str, Spread]
    """In the order of time: `voice` (true end to what the detector calls the end, negative if that is early), `endpoint` (the silence
    that is waited for), the stages of `latency_ms`, `queues` (what is between them), `delivery` (published to received)."""
    frame_age_ms: Spread | None
    """From the newest picture used to the end of the utterance; null without pictures."""
    first_partial_ms: Spread | None
    """From the true begin of speech to the receipt of its first `partial`."""
    partial_gap_ms: Spread | None
    """Between the `partial` events of one utterance."""
    speech_end_to_provisional_ms: Spread | None = None
    """From the true end of the voice to the receipt of the `provisional` partial that foretells the utterance."""
    provisional_kept: float | None = None
    """Share of those whose emotion the utterance then had."""
    dropped: dict[str, int]
    """Blocks of sound and pictures lost, by channel."""
    histogram_ms: list[float]
    """Every value behind `speech_end_to_received_ms`, rounded."""


class Step(msgspec.Struct, kw_only=True):
    """A daemon with so many sources for a while."""

    sources: int
    utterances: int
    """Turns that were heard to their end."""
    due: int | None = None
    """Turns that are over for long enough to have been heard; null in reports from before they were counted."""
    speech_end_to_received_p95_ms: float | None
    """Null where no utterance was heard."""
    audio_dropped: int
    video_dropped: int
    late_s: float | None
    """How far the slowest source was ever behind; null where one did not run."""
    cpu_percent: float
    """Of one core, all processes, per source."""
    memory_mb: float
    """All processes."""
    kept: bool
    """All ran and were heard, nothing was dropped or late, and the latency was kept."""


class Throughput(msgspec.Struct, kw_only=True):
    """Sources that one daemon keeps up with."""

    limit_ms: float
    """95th percentile from the end of speech to the subscriber that counts as kept."""
    window_s: float
    """How long each step ran."""
    av_sources: int
    av_sources_with_asr: int
    audio_sources: int
    steps: dict[str, list[Step]]
    """By `av`, `av_with_asr`, `audio`, in the order in which they were tried."""
    stages_cpu_percent: dict[str, float]
    """One A/V source with ASR, by thread or process, of one core; the networks' time is in the stage that runs them."""


class Archive(msgspec.Struct, kw_only=True):
    """`streamer annotate` over a folder."""

    files: int
    asr: str | None = "pocketsphinx/en-us"
    """Engine; the default is that of reports that do not name it. Null where it was `none`, or no words were recognised."""
    seconds: float
    """Length of all files."""
    workers: int
    took_s: float
    times_real_time: float
    cpu_times_real_time: float
    """Seconds of sound per second of CPU: what a core does, whatever else this machine does."""


class Report(msgspec.Struct, kw_only=True):
    """One run of `streamer bench`."""

    machine: Machine
    startup: Startup | None = None
    latency: Latency | None = None
    throughput: Throughput | None = None
    archive: Archive | None = None

    def write(self, path: Path) -> None:
        """As indented JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    @staticmethod
    def read(path: Path) -> "Report":
        """What `write` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=Report)


def spread(values: list[float]) -> Spread:
    """Percentiles of at least one value, to a tenth."""
    ordered = sorted(values)
    p50, p95, p99 = (round(ordered[max(0, -(-len(ordered) * share // 100) - 1)], 1) for share in (50, 95, 99))
    return Spread(p50=p50, p95=p95, p99=p99, n=len(ordered))
