"""The look at MELD as one HTML file, its pictures inside."""

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training import eda
from training.corpora.meld_rows import Table, read_tables
from training.eda import Cells
from training.pictures import png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}img{max-width:100%}"
)


def write_report(data: Path, out: Path) -> list[Table]:
    """Look at the splits that are there.

    Returns:
        The tables that were read.

    Raises:
        TrainingError: there is no table, or one is wrong.
    """
    tables = read_tables(data)
    sections = [
        ("Labels", [_picture(eda.label_shares(tables)), _table(eda.imbalance(tables))]),
        ("Emotion and sentiment", [_table(eda.agreement_with_sentiment(tables))]),
        ("Length", [_picture(eda.lengths(tables))]),
        ("Speakers", [_picture(eda.speakers(tables))]),
        ("Along a dialogue", [_picture(eda.transitions(tables))]),
        ("Words in several splits", [_table(eda.repeated_words(tables))]),
        ("Defects", [_table(eda.defects(tables)), _table(eda.oddities(tables))]),
    ]
    body = "".join(f"<h2>{escape(title)}</h2>{''.join(parts)}" for title, parts in sections)
    files = ", ".join(f"{table.path} ({len(table.rows)} utterances)" for table in tables)
    page = f"<!doctype html><meta charset=utf-8><title>MELD</title><style>{_STYLE}</style><h1>MELD</h1><p>{escape(files)}</p>{body}"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return tables


def markdown(cells: Cells) -> str:
    """A table for people to read in a text."""
    header, *rows = cells
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, tuple("---" for _ in header), *rows)) + "\n"


def _picture(figure: "Figure") -> str:
    return f'<p><img src="data:image/png;base64,{base64.b64encode(png(figure)).decode()}"></p>'


def _table(cells: Cells) -> str:
    header, *rows = cells
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{lines}</table>"
