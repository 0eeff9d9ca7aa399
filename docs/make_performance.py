"""Write `docs/performance.md` from what was measured: the figures in `docs/measured/`, the text in `docs/performance.in.md`.

streamer bench --out docs/measured/bench.json --picture docs/latency.svg
python benchmarks/stages.py --out docs/measured/stages.json --picture docs/stages.svg
python benchmarks/networks.py --out docs/measured/networks.json
python benchmarks/against_torch.py --out docs/measured/against_torch.json
python benchmarks/gpu.py --out docs/measured/gpu.json            # where there is a GPU
python docs/make_performance.py
"""

import json
import sys
from pathlib import Path
from typing import Final

from streamer.bench import Report
from streamer.bench.tables import Table, markdown, tables

DOCS: Final = Path(__file__).parent
MEASURED: Final = DOCS / "measured"


def bench() -> str:
    """Every table of `streamer bench`."""
    return "\n".join(markdown(table) for table in tables(Report.read(MEASURED / "bench.json")))


def stages() -> str:
    """Of one A/V source, by stage."""
    found: dict[str, tuple[float, float]] = json.loads((MEASURED / "stages.json").read_text(encoding="utf-8"))
    rows = [(name, f"{networks:.1f}", f"{rest:.1f}") for name, (networks, rest) in found.items()]
    sums = (sum(networks for networks, _ in found.values()), sum(rest for _, rest in found.values()))
    rows.append(("all", f"{sums[0]:.1f}", f"{sums[1]:.1f}"))
    return markdown(Table("% of one core", ("stage", "networks and recogniser", "everything else"), rows))


def table(name: str, title: str) -> str:
    """One that a benchmark wrote."""
    path = MEASURED / f"{name}.json"
    if not path.is_file():
        return f"Not measured yet: `python benchmarks/{name}.py --out docs/measured/{name}.json`.\n"
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [tuple(row) for row in found["rows"]]
    return markdown(Table(found.get("device", title), tuple(found["columns"]), rows))


def text() -> str:
    """The whole document."""
    parts = {
        "bench": bench(),
        "stages": stages(),
        "networks": table("networks", "The shipped graphs"),
        "against_torch": table("against_torch", "The plain way against the daemon"),
        "gpu": table("gpu", "GPU"),
    }
    whole = (DOCS / "performance.in.md").read_text(encoding="utf-8")
    for name, part in parts.items():
        # Without an empty line after it, the text would be a row of the table.
        whole = whole.replace(f"{{{{{name}}}}}\n", f"{part}\n")
    return whole


if __name__ == "__main__":
    path = DOCS / "performance.md"
    path.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")
