"""What a change costs, figure by figure: a bundle of fewer bits beside the run or bundle that it was made of."""

from typing import NamedTuple

from rich.table import Table

from streamer.bundle import Metric


class Change(NamedTuple):
    """One figure of both."""

    after: Metric
    before: float

    @property
    def difference(self) -> float:
        """Above zero where the figure has grown."""
        return self.after.value - self.before


def changes(before: tuple[Metric, ...], after: tuple[Metric, ...]) -> list[Change]:
    """The figures that both have, in the order of `after`."""
    values = {_key(m): m.value for m in before}
    return [Change(metric, values[key]) for metric in after if (key := _key(metric)) in values]


def _key(metric: Metric) -> tuple[str, ...]:
    return metric.data, metric.split, metric.modalities, metric.name, metric.of


def table(found: list[Change], before: str, after: str) -> Table:
    """For people; a change within the interval of a figure need not mean anything."""
    made = Table("data", "modalities", "figure", before, after, "change")
    for change in found:
        m = change.after
        row = (f"{change.before:.3f}", f"{m.value:.3f}", f"{change.difference:+.3f}")
        made.add_row(f"{m.data} ({m.split})", m.modalities, f"{m.name} {m.of}".strip(), *row)
    return made
