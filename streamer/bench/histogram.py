"""The latency distribution as a picture: SVG, written by hand."""

from collections import Counter
from html import escape
from typing import Final

from streamer.bench.report import Latency

BIN_MS: Final = 10
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 300, 48, 44, 56
STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#444}.t{font-size:15px;fill:#111}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.t{fill:#eee}}"
)


def histogram_svg(latency: Latency, limit_ms: float) -> str:
    """From the true end of speech to the subscriber; lines at the median, the 95th percentile and the promise."""
    values = latency.histogram_ms
    bins = Counter(int(value // BIN_MS) for value in values)
    first, last = min(*bins, 0), max(*bins, int(limit_ms // BIN_MS)) + 1
    tallest = max(bins.values())

    def x(value_ms: float) -> float:
        return LEFT + (value_ms / BIN_MS - first) * (WIDTH - LEFT - 16) / (last - first)

    def y(count: float) -> float:
        return HEIGHT - BOTTOM - count * (HEIGHT - BOTTOM - TOP) / tallest

    bars = [
        f'<rect x="{x(b * BIN_MS):.1f}" y="{y(n):.1f}" width="{x(BIN_MS) - x(0) - 1:.1f}" height="{y(0) - y(n):.1f}" fill="#3b82c4"/>'
        for b, n in sorted(bins.items())
    ]
    ticks = [
        f'<text x="{x(ms):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{ms}</text>'
        for ms in range(first * BIN_MS // 100 * 100, last * BIN_MS + 1, 100)
        if ms >= first * BIN_MS
    ]
    spread = latency.speech_end_to_received_ms
    lines = [
        f'<path d="M{x(ms):.1f} {TOP - 4 - 14 * row}V{y(0):.1f}" stroke="{colour}" stroke-dasharray="4 3"/>'
        f'<text x="{x(ms) - 4:.1f}" y="{TOP - 14 * row}" text-anchor="end">{name} {ms:.0f} ms</text>'
        for row, (name, ms, colour) in enumerate(
            (("median", spread.p50, "#2a7d46"), ("p95", spread.p95, "#b26b00"), ("promise", limit_ms, "#b3261e"))
        )
    ]
    title = f"From the end of speech to a subscriber, {spread.n} utterances, {latency.asr or 'no speech recognition'}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><style>{STYLE}</style>'
        f'<text class="t" x="{LEFT}" y="18">{escape(title)}</text>{"".join(bars)}{"".join(ticks)}{"".join(lines)}'
        f'<path d="M{LEFT} {y(0):.1f}H{WIDTH - 16}" stroke="#888"/>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">milliseconds</text>'
        f'<text x="{LEFT - 8}" y="{y(tallest) + 4:.1f}" text-anchor="end">{tallest}</text></svg>\n'
    )
