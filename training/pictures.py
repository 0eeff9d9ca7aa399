"""Pictures of figures, drawn without a screen."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import UInt8
from training.metrics import Labels, confusion

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_in: float = 7.0, height_in: float = 4.5) -> "Figure":
    """An empty figure that belongs to no window."""
    from matplotlib.figure import Figure  # a second that only pictures cost

    return Figure(figsize=(width_in, height_in), layout="constrained", dpi=110)


def png(figure: "Figure") -> bytes:
    """The figure as a PNG file's bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def save(figure: "Figure", path: Path) -> None:
    """Write the figure; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(figure))


def confusion_figure(names: tuple[str, ...], true: Labels, predicted: Labels, *, title: str) -> "Figure":
    """Rows are true, columns predicted; the shade is the share of the row, the number the count."""
    counts = confusion(true, predicted, len(names))
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = new_figure(1.6 + 0.75 * len(names), 1.2 + 0.7 * len(names))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", color=colour)
    return figure


def confusion_picture(names: tuple[str, ...], true: Labels, predicted: Labels, *, title: str) -> UInt8:
    """`confusion_figure` as [height, width, 3]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # as above

    canvas = FigureCanvasAgg(confusion_figure(names, true, predicted, title=title))
    canvas.draw()
    pixels: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba(), np.uint8)
    return np.ascontiguousarray(pixels[..., :3])
