"""The terminal: lines of text in, escape sequences out. Rich colours a line; laying lines out anew for each picture is what costs."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from rich.text import Text

from streamer.dashboard.marks import fit

_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"


def fills_terminal(console: Console) -> bool:
    """Whether the console is a terminal that obeys. FORCE_COLOR and TTY_COMPATIBLE make Rich call a pipe one; that is about colours."""
    return console.file.isatty() and console.is_terminal and not console.is_dumb_terminal


class Screen:
    """The whole terminal while the context lasts; then it is given back as it was, whatever happened."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._colours = COLOR_SYSTEMS[console.color_system] if console.color_system else None
        self._shown: list[tuple[Text, str]] = []

    def __enter__(self) -> Self:
        self._console.set_alt_screen()
        self._console.show_cursor(show=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._console.show_cursor()
        self._console.set_alt_screen(enable=False)

    def draw(self, lines: Sequence[Text]) -> None:
        """Put a picture in the place of the last one; what the terminal has no room for is cut.

        Every line is written, so that what others wrote to the terminal goes away; only those that differ are coloured anew.
        """
        width, height = self._console.size
        shown = []
        for row, line in enumerate(lines[:height]):
            line = line if line.cell_len <= width else fit(line, width)  # noqa: PLW2901 - the same line, cut
            same = row < len(self._shown) and self._shown[row][0] == line
            shown.append((line, self._shown[row][1] if same else self._coloured(line)))
        self._shown = shown
        written = f"{_REST_OF_LINE}\r\n".join(coloured for _, coloured in shown)
        self._console.file.write(f"{_HOME}{written}{_REST_OF_SCREEN}")
        self._console.file.flush()

    def _coloured(self, line: Text) -> str:
        return "".join(
            self._painted(segment.text, segment.style) if segment.style else segment.text
            for segment in Text.assemble(line).render(self._console)  # a line's own style becomes one of its spans
        )

    def _painted(self, text: str, style: Style) -> str:
        """As the terminal can, and as who set `NO_COLOR` wants it."""
        style = style.without_color if self._console.no_color else style
        return style.render(text, color_system=self._colours)
