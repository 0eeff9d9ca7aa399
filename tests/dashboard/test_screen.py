import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from streamer.dashboard.screen import Screen

LINES = [Text.assemble(("joy ", "bold #f0e442"), ("━━━", "#56b4e9"), " .81"), Text("│ plain │"), Text("信じ", "dim")]


def terminal(width: int = 40, height: int = 10) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=width, height=height)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def words(sequences: str) -> list[str]:
    return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", sequences).split("\r\n")


def test_a_line_is_coloured_as_rich_would_colour_it() -> None:
    ours, richs = terminal(), terminal()
    with Screen(ours) as screen:
        screen.draw(LINES)
    for line in LINES:
        richs.print(line, end="")
        assert written(richs) in written(ours)
        richs.file = io.StringIO()


def test_what_changes_is_drawn_and_what_others_wrote_goes_away() -> None:
    console = terminal()
    with Screen(console) as screen:
        screen.draw(LINES)
        before = len(written(console))
        screen.draw([LINES[0], Text("│ other │"), LINES[2]])
    drawn = written(console)[before:]
    assert words(drawn) == ["joy ━━━ .81", "│ other │", "信じ"]
    assert drawn.count("\x1b[K") == 2
    assert "\x1b[J" in drawn


@pytest.mark.parametrize(("width", "height"), [(4, 2), (1, 1)])
def test_a_small_terminal_cuts_the_picture(width: int, height: int) -> None:
    console = terminal(width, height)
    with Screen(console) as screen:
        screen.draw(LINES)
    shown = words(written(console))
    assert len(shown) == height
    assert max(map(len, shown)) <= width


def test_who_asks_for_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal()
    with Screen(console) as screen:
        screen.draw(LINES)
    assert "38;2" not in written(console)
    assert "\x1b[1mjoy \x1b[0m━━━ .81" in written(console)


def test_without_colours_only_the_words_are_written() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=40, height=10)
    with Screen(console) as screen:
        screen.draw(LINES)
    assert "38;2" not in written(console)
    assert "joy ━━━ .81" in written(console)
