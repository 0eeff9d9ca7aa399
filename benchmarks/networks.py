"""What each graph of the shipped bundle takes by itself on one thread of the processor, beside its size and what was promised.

    python benchmarks/networks.py --out docs/measured/networks.json

Text of 24 pieces, four seconds of voice, one face, and the fusion of all three; the median of many calls, the graphs in turn, so that a
busy neighbour touches all of them.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from streamer.inference import Encoding, Model, load_bundle
from streamer.labels import Modality

ROUNDS: Final = 100
VOICE_S: Final = 4.0
PIECES: Final = 24
PROMISED_MS: Final = {"text": 12.0, "audio": 6.0, "video": 2.0, "fusion": 1.0}
GIVEN: Final = {
    "text": f"{PIECES} pieces",
    "audio": f"{VOICE_S:g} s of voice",
    "video": "one face",
    "fusion": "all three",
}


def calls(model: Model) -> dict[str, Callable[[], object]]:
    """One call of each graph."""
    text, audio, video = model.manifest.text, model.manifest.audio, model.manifest.video
    if text is None or audio is None or video is None:
        raise SystemExit("the bundle has no part for one of text, audio, video; all three are measured here")
    draw = np.random.default_rng(0)
    # Each `so` is one piece, and two more mark where the text begins and ends.
    words = " ".join(["so"] * (PIECES - 2))
    features = audio.spec.extract(draw.normal(0, 0.1, round(VOICE_S * 16_000)).astype(np.float32))
    crops = draw.integers(0, 256, (1, video.spec.size_px, video.spec.size_px, video.spec.channels)).astype(np.uint8)
    known: dict[Modality, Encoding | None] = {
        "text": model.encode_text(words),
        "audio": model.encode_audio(features),
        "video": model.encode_crops(crops),
    }
    return {
        "text": lambda: model.encode_text(words),
        "audio": lambda: model.encode_audio(features),
        "video": lambda: model.encode_crops(crops),
        "fusion": lambda: model.fuse(known, {}),
    }


def measure(model: Model, rounds: int) -> dict[str, float]:
    """Milliseconds, the median of each."""
    taken: dict[str, list[float]] = {name: [] for name in PROMISED_MS}
    of_each = calls(model)
    for _ in range(rounds):
        for name, call in of_each.items():
            begin = time.perf_counter()
            call()
            taken[name].append(1_000 * (time.perf_counter() - begin))
    return {name: float(np.median(found)) for name, found in taken.items()}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="a folder; the shipped one otherwise")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, help="JSON file")
    wanted = parser.parse_args(arguments)
    model = load_bundle(wanted.bundle, provider="cpu")
    sizes_mb = {name: model.bundle.path(file).stat().st_size / 1e6 for name, file in model.manifest.graphs.items()}
    rows = [
        (name, GIVEN[name], f"{sizes_mb[name]:.1f}", f"{found_ms:.2f}", f"{PROMISED_MS[name]:g}")
        for name, found_ms in measure(model, wanted.rounds).items()
    ]
    columns = ("graph", "given", "MB", "ms (median)", "promised, ms")
    title = f"`{model.manifest.name}` {model.manifest.version}, one thread"
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if wanted.out:
        found = {"device": title, "columns": columns, "rows": rows}
        wanted.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
