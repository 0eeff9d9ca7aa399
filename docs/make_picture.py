"""Write `docs/dashboard.svg`, the picture in the README: what the dashboard showed at a moment of a recording.

streamer run --source clip.mp4 --record clip.jsonl
python docs/make_picture.py clip.jsonl
"""

import argparse
import io
import re
import sys
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group

from streamer.dashboard import view
from streamer.dashboard.model import Model
from streamer.wire import State, decode

PICTURE: Final = Path(__file__).parent / "dashboard.svg"
FONTS: Final = "DejaVu Sans Mono, Menlo, Consolas, monospace"


def picture(recording: Path, width: int, height: int, until_s: float) -> str:
    """An SVG of the dashboard as it was when the last session of the recording had come to `until_s` of its source's clock."""
    model = Model(str(recording.name))
    events = [decode(line) for line in recording.read_bytes().splitlines()]
    for event in events:
        if event.session != events[-1].session:
            continue
        if isinstance(event, State) and (event.stream_s > until_s or event.activity == "ended"):
            break
        model.fold(event, 0.0)
    console = Console(
        record=True, width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Group(*view.picture(model, width, height)))
    # Rich's own frame would fetch a font from the network.
    frame = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
        "Fira Code, monospace", FONTS
    )
    return console.export_svg(title="streamer", code_format=frame, unique_id="dashboard")


def main() -> None:
    """Read the flags, write the picture."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("recording", type=Path)
    flags.add_argument("--width", type=int, default=100)
    flags.add_argument("--height", type=int, default=30)
    flags.add_argument("--until-s", type=float, default=float("inf"))
    flags.add_argument("--to", type=Path, default=PICTURE)
    given = flags.parse_args()
    given.to.write_text(picture(given.recording, given.width, given.height, given.until_s))
    sys.stdout.write(f"wrote {given.to}\n")


if __name__ == "__main__":
    main()
