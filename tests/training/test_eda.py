"""The look at MELD, and what oversampling before the split would have reported."""

import json
from pathlib import Path

import numpy as np
import pytest

from streamer.labels import EMOTIONS
from training.corpora.meld_rows import read_tables
from training.eda import defects, imbalance, oddities, transition_shares
from training.eda_report import markdown, write_report
from training.leak_check import leak_check
from training.leak_check import markdown as leak_table

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "eda.ipynb"


def test_the_report_is_one_file_with_its_pictures_inside(mini_meld: Path, tmp_path: Path) -> None:
    write_report(mini_meld, tmp_path / "new" / "eda.html")
    page = (tmp_path / "new" / "eda.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "dia125_utt3" in page
    assert "<script" not in page


def test_shares_of_what_follows_sum_to_one(mini_meld: Path) -> None:
    rows = [row for table in read_tables(mini_meld) for row in table.rows]
    shares = transition_shares(rows)
    assert shares.shape == (7, 7)
    assert set(np.round(shares.sum(1), 6)) <= {0.0, 1.0}
    first, second = rows[0], rows[1]
    assert shares[EMOTIONS.index(first.emotion), EMOTIONS.index(second.emotion)] > 0


def test_tables_name_splits_and_count_everything(mini_meld: Path) -> None:
    tables = read_tables(mini_meld)
    header, *rows = imbalance(tables)
    assert header[1:4] == ("train", "dev", "test")
    assert sum(int(row[1]) for row in rows) == 21
    assert ("broken_numbering", "0", "1", "0") in oddities(tables)
    assert [row[0] for row in defects(tables)[1:3]] == ["train dia125_utt3", "dev dia110_utt7"]
    assert markdown([("a", "b"), ("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_the_notebook_calls_the_same_functions(mini_meld: Path) -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    for source in sources:
        exec(compile(source.replace("../../shared/data", str(mini_meld)), "eda.ipynb", "exec"), names)  # noqa: S102 - our own
    assert "tables" in names


def test_copies_in_train_and_test_are_counted_and_only_the_leak_has_them(mini_meld: Path) -> None:
    official, honest, leak = leak_check(mini_meld)
    assert (official.train, official.test, official.repeated) == (21, 8, 0)
    assert honest.repeated == 0
    assert leak.repeated > 0
    assert leak_table([leak]).count("|") == 24


@pytest.mark.data
@pytest.mark.slow
def test_the_leak_is_worth_thirty_points(shared_data: Path) -> None:
    official, honest, leak = leak_check(shared_data)
    assert abs(official.weighted_f1.value - honest.weighted_f1.value) < 0.06
    assert leak.weighted_f1.value - honest.weighted_f1.value > 0.3
